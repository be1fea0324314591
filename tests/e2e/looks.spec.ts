/** Every dialog of Settings and every door, in light and dark, wide and narrow. */
import { expect, test, type Page } from '@playwright/test';
import { enter, look, signIn } from './journeys.ts';
import { Product } from './product.ts';

/** Where a dialog opens, with which button, and which it is. */
const ALONE = [['account', 'Delete account…', 'Delete your account?']] as const;
const TOGETHER = [
	['security', 'Turn on', 'Turn the second factor on'],
	['security', 'Sign out all others', 'Sign out every other browser?'],
	['workspace', 'New workspace', 'New workspace'],
	['workspace', 'Hand over', /^Hand over/],
	['members', 'Invite', 'Invite somebody'],
	['members', 'Remove Bob', 'Remove Bob?'],
	['members', 'Revoke the invitation of carol@example.org', 'Revoke the invitation?'],
	['tokens', 'New token', 'New API token']
] as const;
const DOORS = [
	'/sign-in',
	'/sign-in/two-factor',
	'/forgot-password',
	'/reset-password?token=x',
	'/verify-email?token=x'
];

test.describe.serial('looks', () => {
	let product: Product;
	test.beforeAll(async () => {
		product = await Product.start();
	});
	test.afterAll(() => product.close());

	test('the first account', async ({ page }) => {
		await page.goto(`${product.url}/setup`);
		await look(page, 'door-setup');
	});

	test('doors', async ({ page }) => {
		const first = await page.context().newPage();
		await enter(first, product);
		await page.context().clearCookies();
		for (const path of DOORS) {
			await page.goto(`${product.url}${path}`);
			await look(page, `door${path.replace(/\W+/g, '-')}`);
		}
		await page.goto(`${product.url}/sign-in`);
		await page.getByLabel('E-mail').fill('ada@example.org');
		await page.getByLabel('Password').fill('not the password');
		await page.getByRole('button', { name: 'Sign in', exact: true }).click();
		await expect(page.getByText('do not belong together')).toBeVisible();
		await look(page, 'door-sign-in-refused');
	});

	test('dialogs', async ({ browser, page }) => {
		test.setTimeout(240_000);
		await enter(page, product);
		for (const [path, button, title] of ALONE) await lookAt(page, path, button, title);
		const bob = await invite(page, 'bob@example.org', 'admin');
		const guest = await browser.newPage();
		await guest.goto(`${product.url}/invite/${bob}`);
		await guest.getByLabel('Name').fill('Bob');
		await guest.getByLabel('Password').fill('the lead hangs straight');
		await guest.getByRole('button', { name: 'Make account' }).click();
		await guest.waitForURL((url) => !url.pathname.startsWith('/invite'));
		await guest.close();
		await invite(page, 'carol@example.org', 'viewer');
		const elsewhere = await (await browser.newContext()).newPage();
		await signIn(elsewhere, product);
		await elsewhere.context().close();
		for (const [path, button, title] of TOGETHER) await lookAt(page, path, button, title);
	});

	async function lookAt(page: Page, path: string, button: string, title: string | RegExp): Promise<void> {
		await page.goto(`${product.url}/settings/${path}`);
		const opener = page.getByRole('main').getByRole('button', { name: button, exact: true });
		await opener.click();
		const dialog = page.getByRole('dialog', { name: title });
		await expect(dialog).toBeVisible();
		await look(page, `dialog-${button.replace(/\W+/g, '-')}`);
		await page.keyboard.press('Escape');
		await expect(dialog).toHaveCount(0);
		await expect(opener).toBeFocused();
	}

	async function invite(page: Page, email: string, role: string): Promise<string> {
		return await page.evaluate(
			async (wanted) => {
				const [workspace] = await (await fetch('/api/auth/organization/list')).json();
				const body = JSON.stringify({ ...wanted, organizationId: workspace.id });
				const headers = { 'content-type': 'application/json' };
				const answer = await fetch('/api/auth/organization/invite-member', { method: 'POST', headers, body });
				return String((await answer.json()).id);
			},
			{ email, role }
		);
	}
});
