import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@playwright/test';
import { enter, expectAccessible, expectFits, pressUntilFocused, tabTo, tile } from './journeys.ts';
import { Product } from './product.ts';

test.describe('the product with sample data', () => {
	let product: Product;

	test.beforeAll(async () => {
		product = await Product.start();
	});
	/** After a failure the rest begins with a fresh product: each test can stand alone. */
	test.beforeEach(async ({ page }) => {
		await enter(page, product);
		await page.goto(`${product.url}/integrations`);
		if ((await page.getByText('Look around with sample data').count()) === 0) return;
		await page.getByRole('button', { name: 'Look around with sample data' }).first().click();
		await page.waitForURL(/\/dashboards\/.+/);
		await expect(page.getByRole('article').locator('data').first()).toBeVisible({ timeout: 30_000 });
	});
	test.afterAll(async () => {
		await product.close();
	});

	test('one click shows the product; it is labelled wherever it shows', async ({ page }) => {
		await page.goto(product.url);
		await page.waitForURL(/\/dashboards\/.+/);
		await expect(page.getByText('Sample data').first()).toBeVisible();
		await page.goto(`${product.url}/metrics`);
		await expect(page.getByText('Sample data').first()).toBeVisible();
		await page.goto(`${product.url}/integrations`);
		await expect(page.getByText('Sample data').first()).toBeVisible();
	});

	test('pages carry their data without JavaScript', async ({ browser }) => {
		const context = await browser.newContext({ javaScriptEnabled: false });
		const page = await context.newPage();
		await enter(page, product);
		await page.goto(product.url);
		await expect(page).toHaveURL(/\/dashboards\/.+/);
		await expect(page.getByRole('article').locator('data').first()).toBeVisible();
		await context.close();
	});

	test('a restart keeps everything, and the open page reconnects by itself', async ({ page }) => {
		await page.goto(`${product.url}/integrations`);
		await expect(page.getByText('Sample data').first()).toBeVisible();
		const { code, milliseconds } = await product.stop();
		expect(code).toBe(0);
		expect(milliseconds).toBeLessThan(10_000);
		await expect(page.getByText(/Reconnecting/)).toBeVisible({ timeout: 30_000 });
		await product.resume();
		await expect(page.getByText(/Reconnecting/)).toBeHidden({ timeout: 60_000 });
		// Live again: what changes now arrives without a reload.
		const other = await page.context().newPage();
		await other.goto(`${product.url}/integrations/sample`);
		await other.locator('a[href^="/connections/"]').first().click();
		await other.getByRole('button', { name: 'Rename' }).click();
		await other.getByLabel('Name of the connection').fill('After the restart');
		await other.getByRole('button', { name: 'Rename' }).click();
		await expect(page.getByText('After the restart')).toBeVisible();
	});

	test('a second start on the same data is refused with words', async () => {
		const child = spawn(process.execPath, ['scripts/start.ts'], {
			env: { ...process.env, PLUMBLINE_DATA: product.dataDir, PORT: '', CONVEX_PORT: '' },
			stdio: ['ignore', 'pipe', 'pipe']
		});
		let output = '';
		child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
		child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
		await once(child, 'exit');
		expect(child.exitCode).toBe(1);
		expect(output).toMatch(/already|another|in use/i);
		expect(output).not.toMatch(/\n\s+at /);
	});

	test('healthz says what is served', async ({ request }) => {
		const answer = await request.get(`${product.url}/healthz`);
		expect(answer.status()).toBe(200);
		expect(await answer.json()).toMatchObject({ status: 'ok', deployment: 'embedded', version: expect.any(String) });
	});

	test('the way from an empty page to a board and back, with the keyboard only', async ({ page }) => {
		await page.goto(`${product.url}/integrations`);
		await pressUntilFocused(page, '/', page.getByRole('searchbox'));
		await page.keyboard.press('Escape');
		// A letter by itself goes nowhere, also right after the page has come.
		await page.keyboard.press('m');
		await page.keyboard.press('/');
		await page.keyboard.type('mrr');
		await expect(page.getByRole('link', { name: /Stripe/ }).first()).toBeVisible();
		await page.keyboard.press('Escape');
		await page.keyboard.press('g');
		await page.keyboard.press('m');
		await expect(page).toHaveURL(/\/metrics/);
		await page.keyboard.press('g');
		await page.keyboard.press('d');
		await expect(page).toHaveURL(/\/dashboards/);
		await page.keyboard.press('g');
		await page.keyboard.press('i');
		await expect(page).toHaveURL(/\/integrations/);

		await page.goto(`${product.url}/integrations/prometheus`);
		const open = page.getByRole('button', { name: /^Connect/ }).first();
		await tabTo(page, open);
		await page.keyboard.press('Enter');
		const dialog = page.getByRole('dialog', { name: 'Connect Prometheus' });
		await expect(dialog).toBeVisible();
		await expect(dialog.getByLabel('Address', { exact: true })).toBeFocused();
		await page.keyboard.type('http://127.0.0.1:9');
		await page.keyboard.press('Enter');
		await expect(dialog.getByText(/reach|refused|answer/i).first()).toBeVisible({ timeout: 40_000 });
		await page.keyboard.press('Escape');
		await expect(dialog.getByText('Close and lose what you typed?')).toBeVisible();
		await tabTo(page, dialog.getByRole('button', { name: 'Discard' }));
		await page.keyboard.press('Enter');
		await expect(dialog).toBeHidden();
		await expect(open).toBeFocused();
	});

	for (const scheme of ['light', 'dark'] as const) {
		test(`every page is clean, ${scheme}, wide and at 360 px`, async ({ browser }) => {
			const context = await browser.newContext({ colorScheme: scheme, locale: 'en-US', timezoneId: 'UTC' });
			const page = await context.newPage();
			await enter(page, product);
			await page.goto(product.url);
			await page.waitForURL(/\/dashboards\/.+/);
			const board = page.url();
			await page.goto(`${product.url}/integrations/sample`);
			const connection = await page.locator('a[href^="/connections/"]').first().getAttribute('href');
			const pages = {
				dashboard: board,
				integrations: `${product.url}/integrations`,
				service: `${product.url}/integrations/github`,
				connection: `${product.url}${connection}`,
				metrics: `${product.url}/metrics`,
				missing: `${product.url}/connections/nothing`
			};
			for (const [name, url] of Object.entries(pages)) {
				for (const width of [1280, 360]) {
					await page.setViewportSize({ width, height: 900 });
					await page.goto(url);
					await page.waitForTimeout(name === 'dashboard' ? 1_500 : 300);
					await page.screenshot({ path: `test-results/screens/${name}-${scheme}-${width}.png`, fullPage: true });
					await expectFits(page);
					await expectAccessible(page);
				}
			}
			await context.close();
		});
	}

	test('range and comparison live in the address', async ({ page }) => {
		await page.goto(product.url);
		await page.waitForURL(/\/dashboards\/.+/);
		await page.getByText('7 d', { exact: true }).click();
		await expect(page).toHaveURL(/range=7d/);
		await page.reload();
		await expect(page.getByRole('radio', { name: '7 d' })).toBeChecked();
		await expect(
			tile(page, (await page.getByRole('article').first().getByRole('heading').textContent()) ?? '')
		).toBeVisible();
	});
});
