/** Who is let in, as browsers and programs meet it. */
import { expect, test, type Page } from '@playwright/test';
import { z } from 'zod';
import { enter, signIn } from './journeys.ts';
import { Product } from './product.ts';

test.describe('who is let in', () => {
	let product: Product;

	test.beforeAll(async () => {
		product = await Product.start();
	});
	test.afterAll(async () => {
		await product.close();
	});

	const PAGES = [
		'/',
		'/dashboards',
		'/integrations',
		'/integrations/github',
		'/metrics',
		'/settings/tokens',
		'/connections/x'
	];

	/** Makes an account when there is none; gives a page on which nobody is signed in. */
	async function nobody(page: Page): Promise<void> {
		await enter(page, product);
		await page.context().clearCookies();
	}

	test('on a fresh product every page leads to making the first account', async ({ page }) => {
		for (const path of PAGES) {
			await page.goto(product.url + path);
			await expect(page).toHaveURL(`${product.url}/setup`);
		}
	});

	test('nobody gets a page, and comes back to the one they wanted', async ({ page }) => {
		await nobody(page);
		for (const path of PAGES) {
			const answer = await page.request.get(product.url + path, { maxRedirects: 0 });
			expect(answer.status(), path).toBe(303);
			const data = await page.request.get(`${product.url}${path === '/' ? '' : path}/__data.json`);
			const redirected = z.object({ type: z.literal('redirect'), location: z.string() }).parse(await data.json());
			for (const location of [answer.headers()['location'] ?? '', redirected.location]) {
				const { pathname, searchParams } = new URL(location, product.url + path);
				expect(pathname, path).toBe('/sign-in');
				expect(searchParams.get('redirectTo') ?? '/', path).toBe(path);
			}
		}
		await page.goto(`${product.url}/metrics?q=mrr`);
		await expect(page).toHaveURL(/\/sign-in\?redirectTo=/);
		await page.getByLabel('E-mail').fill('ada@example.org');
		await page.getByLabel('Password').fill('correct horse battery');
		await page.getByRole('button', { name: 'Sign in', exact: true }).click();
		await expect(page).toHaveURL(`${product.url}/metrics?q=mrr`);
	});

	test('a session that is ended elsewhere is over in every tab', async ({ page, browser }) => {
		await nobody(page);
		await signIn(page, product);
		await page.goto(`${product.url}/metrics`);
		await expect(page.getByRole('heading', { level: 1, name: 'Metrics' })).toBeVisible();
		const other = await browser.newContext();
		const elsewhere = await other.newPage();
		await enter(elsewhere, product);
		await elsewhere.goto(`${product.url}/settings/security`);
		await elsewhere.getByRole('button', { name: 'Sign out all others' }).click();
		await elsewhere.getByRole('dialog').getByRole('button', { name: 'Sign out all others' }).click();
		await expect(page).toHaveURL(/\/sign-in/, { timeout: 30_000 });
		await page.goto(`${product.url}/metrics`);
		await expect(page).toHaveURL(/\/sign-in/);
		await other.close();
	});

	test('a token opens the API, on the address of the pages, until it is revoked', async ({ page, request }) => {
		await enter(page, product);
		await page.goto(`${product.url}/settings/tokens`);
		await page.getByRole('button', { name: 'New token' }).click();
		await page.getByLabel('Name').fill('Nightly report');
		await page.getByRole('button', { name: 'Make the token' }).click();
		const shown = page.getByRole('dialog', { name: 'Your new token' });
		await expect(shown).toBeVisible();
		const token = /plb_[\w-]{43}/.exec(await shown.getByLabel('API token').inputValue())?.[0] ?? '';
		await shown.getByRole('button', { name: 'I have kept it' }).click();
		const call = async (authorization: string) => {
			const answer = await request.get(`${product.url}/api/v1/connections`, { headers: { authorization } });
			return { status: answer.status(), body: await answer.text() };
		};
		expect(await call(`Bearer ${token}`)).toEqual({ status: 200, body: '{"connections":[],"next":null}' });
		expect(await call('')).toMatchObject({ status: 401 });
		expect(await page.content()).not.toContain(token);
		await expect(page.getByText(/used (now|just now|a moment|seconds)/i).first()).toBeVisible();
		await page.getByRole('button', { name: 'Revoke Nightly report' }).click();
		await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
		await expect(page.getByText('No token yet')).toBeVisible();
		expect(await call(`Bearer ${token}`)).toMatchObject({ status: 401 });
		expect(product.output).not.toContain(token);
	});
});
