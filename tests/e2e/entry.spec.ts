/** The door: the first account, signing in and out, the second step, invitations, and what stays shut. */
import { request } from 'node:http';
import { expect, test } from '@playwright/test';
import { expectAccessible, expectFits, OWNER, signIn, signUp } from './journeys.ts';
import { Product } from './product.ts';

/** The page of the first account, asked for with headers of one's own. */
function setupPage(product: Product, headers: Record<string, string>): Promise<string> {
	return new Promise((settle, fail) => {
		const call = request(`${product.url}/setup`, { headers }, (answer) => {
			let text = '';
			answer.setEncoding('utf8').on('data', (part: string) => (text += part));
			answer.on('end', () => settle(text));
		});
		call.on('error', fail).end();
	});
}

test.describe('a fresh product', () => {
	let product: Product;
	test.beforeAll(async () => {
		product = await Product.start();
	});
	test.afterAll(async () => {
		await product.close();
	});

	test('asks whoever comes through something else for the printed code', async () => {
		expect(await setupPage(product, {})).not.toContain('name="code"');
		for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'])
			expect(await setupPage(product, { [name]: '127.0.0.1' })).toContain('name="code"');
		expect(product.output).toMatch(/the first one at .*\/setup, from another machine with the code (\w{4}-){4}\w{4}/);
	});

	test('offers the first account in one short form, and signs in without scripts', async ({ browser, page }) => {
		await page.goto(`${product.url}/sign-in`);
		await expect(page).toHaveURL(/\/setup$/);
		await expectAccessible(page);
		await page.setViewportSize({ width: 360, height: 740 });
		await expectFits(page);
		await signUp(page, product);
		await page.goto(`${product.url}/setup`);
		await expect(page).not.toHaveURL(/\/setup/);

		const context = await browser.newContext({ javaScriptEnabled: false });
		const plain = await context.newPage();
		await plain.goto(`${product.url}/sign-in?redirectTo=//evil.example`);
		await plain.getByLabel('E-mail').fill(OWNER.email);
		await plain.getByLabel('Password').fill('not the password');
		await plain.getByRole('button', { name: 'Sign in' }).click();
		await expect(plain.getByText('do not belong together')).toBeVisible();
		await plain.getByLabel('Password').fill(OWNER.password);
		await plain.getByRole('button', { name: 'Sign in' }).click();
		await expect(plain).toHaveURL((url) => url.origin === product.url && url.pathname !== '/sign-in');
		await context.close();
	});

	test('has pages at the door that fit and are accessible', async ({ page }) => {
		for (const path of ['/sign-in', '/sign-in/two-factor', '/forgot-password', '/reset-password', '/invite/none']) {
			await page.goto(`${product.url}${path}`);
			await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
			await expectAccessible(page);
		}
		await expect(page.getByText('There is no such invitation')).toBeVisible();
	});

	test('lets an invited person in, once, and nobody else by that link', async ({ browser, page }) => {
		await signIn(page, product);
		const id = await page.evaluate(async () => {
			const call = async (path: string, body: object) => {
				const headers = { 'content-type': 'application/json' };
				const response = await fetch(`/api/auth/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
				return await response.json();
			};
			const response = await fetch('/api/auth/organization/list');
			const [workspace] = await response.json();
			const invitation = { email: 'grace@example.org', role: 'editor', organizationId: workspace.id };
			return String((await call('organization/invite-member', invitation)).id);
		});
		await page.goto(`${product.url}/invite/${id}`);
		await expect(page.getByText(`You are signed in as ${OWNER.email}`)).toBeVisible();

		const context = await browser.newContext();
		const guest = await context.newPage();
		await guest.goto(`${product.url}/invite/${id}`);
		await guest.getByLabel('Name').fill('Grace');
		await guest.getByLabel('Password').fill('a password of her own');
		await guest.getByRole('button', { name: 'Make account' }).click();
		await guest.waitForURL((url) => !url.pathname.startsWith('/invite'));
		await guest.goto(`${product.url}/invite/${id}`);
		await expect(guest.getByText('has been accepted already')).toBeVisible();
		await context.close();
	});
});
