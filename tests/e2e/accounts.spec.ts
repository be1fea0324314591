import { expect, test, type Browser, type Page } from '@playwright/test';
import { expectAccessible, expectFits, tile } from './journeys.ts';
import { Product } from './product.ts';
import { totpAt } from './totp.ts';

const OWNER = { name: 'Ada Owner', email: 'ada@example.com', password: 'a plumb line never lies' };
const GUEST = { name: 'Bob Guest', email: 'bob@example.com', password: 'the lead hangs straight' };

/** One product, whose people keep their browsers from test to test: each test goes on where the last one ended. */
test.describe.serial('accounts', () => {
	let product: Product;
	let owner: Page;
	let guest: Page;

	test.beforeAll(async ({ browser }) => {
		product = await Product.start();
		owner = await newBrowser(browser);
		guest = await newBrowser(browser);
		await owner.goto(`${product.url}/setup`);
		await owner.getByLabel('Name').fill(OWNER.name);
		await owner.getByLabel('E-mail').fill(OWNER.email);
		await owner.getByLabel('Password').fill(OWNER.password);
		await owner.getByRole('button', { name: 'Make account' }).click();
		await owner.waitForURL(`${product.url}/`);
		await owner.getByRole('button', { name: 'Look around with sample data' }).click();
		await owner.waitForURL(/\/dashboards\/.+/);
	});
	test.afterAll(async () => {
		await owner.context().close();
		await guest.context().close();
		await product.close();
	});

	/** A person at another machine: cookies of their own. */
	async function newBrowser(browser: Browser): Promise<Page> {
		const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
		return await context.newPage();
	}

	async function open(page: Page, path: string, origin = product.url): Promise<void> {
		await page.goto(`${origin}${path}`);
		await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
	}

	async function signIn(page: Page, { email, password }: typeof OWNER, origin = product.url): Promise<void> {
		await page.goto(`${origin}/sign-in`);
		await page.getByLabel('E-mail').fill(email);
		await page.getByLabel('Password').fill(password);
		await page.getByRole('button', { name: 'Sign in', exact: true }).click();
	}

	test('a name is saved and stands in every tab at once', async () => {
		const other = await owner.context().newPage();
		await open(other, '/settings/members');
		await open(owner, '/settings/account');
		await owner.getByLabel('Your name').fill('Ada Lovelace');
		await owner.getByRole('button', { name: 'Save name' }).click();
		await expect(owner.getByText('Your name is saved.')).toBeVisible();
		await expect(other.getByText('Ada Lovelace')).toBeVisible();
		await other.close();
	});

	test('the second factor: a wrong code is said at its field, a right one turns it on and is asked for', async ({
		browser
	}) => {
		await open(owner, '/settings/security');
		const card = owner.getByRole('region', { name: 'Second factor' });
		await card.getByRole('button', { name: 'Turn on' }).click();
		const dialog = owner.getByRole('dialog');
		await dialog.getByLabel('Your password').fill('not the password');
		await dialog.getByRole('button', { name: 'Go on' }).click();
		await expect(dialog.getByText('This is not your password.')).toBeVisible();
		await dialog.getByLabel('Your password').fill(OWNER.password);
		await dialog.getByRole('button', { name: 'Go on' }).click();
		await expect(dialog.getByRole('img', { name: /QR code/ })).toBeVisible();
		const secret = await dialog.getByLabel('Secret of the second factor').inputValue();
		await dialog.getByLabel('Code from the app').fill('000000');
		await dialog.getByRole('button', { name: 'Turn on' }).click();
		await expect(dialog.getByText(/This code is not right/)).toBeVisible();
		await dialog.getByLabel('Code from the app').fill(totpAt(secret, Date.now()));
		await dialog.getByRole('button', { name: 'Turn on' }).click();
		await expect(dialog.getByRole('list', { name: 'Backup codes' }).getByRole('listitem')).toHaveCount(10);
		await dialog.getByRole('button', { name: 'Copy the backup codes' }).click();
		await expect(dialog.getByText('Copied', { exact: true })).toBeVisible();
		await dialog.getByRole('button', { name: 'I have kept them' }).click();
		// The session was replaced by one with two factors; the page goes on with it, live.
		await expect(card.getByText('On', { exact: true })).toBeVisible();
		await expect(owner.getByText('This browser')).toBeVisible();

		const elsewhere = await newBrowser(browser);
		await signIn(elsewhere, OWNER);
		await elsewhere.waitForURL(/two-factor/);
		await elsewhere.getByLabel('Code').fill(totpAt(secret, Date.now()));
		await elsewhere.getByRole('button', { name: 'Sign in' }).click();
		await elsewhere.waitForURL(/\/dashboards\/.+/);

		// Ended from here, it is over there, live, and for good.
		const sessions = owner.getByRole('region', { name: 'Where you are signed in' });
		await expect(sessions.getByRole('listitem')).toHaveCount(2);
		await sessions.getByRole('button', { name: /^Sign out Chrome/ }).click();
		await owner.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
		await expect(sessions.getByRole('listitem')).toHaveCount(1);
		await elsewhere.waitForURL(/\/sign-in/);
		await elsewhere.context().close();

		await card.getByRole('button', { name: 'Turn off' }).click();
		await owner.getByRole('dialog').getByLabel('Your password').fill(OWNER.password);
		await owner.getByRole('dialog').getByRole('button', { name: 'Turn off' }).click();
		await expect(card.getByText('Off', { exact: true })).toBeVisible();
	});

	test('a passkey: added with a name, it signs in, and is removed', async ({ browser }) => {
		await open(owner, '/settings/security');
		await expect(owner.getByText(/Open http:\/\/localhost:\d+ and sign in there/)).toBeVisible();
		const named = product.url.replace('127.0.0.1', 'localhost');
		const page = await newBrowser(browser);
		const devtools = await page.context().newCDPSession(page);
		await devtools.send('WebAuthn.enable');
		const options = {
			protocol: 'ctap2',
			transport: 'internal',
			hasResidentKey: true,
			hasUserVerification: true,
			isUserVerified: true,
			automaticPresenceSimulation: true
		} as const;
		await devtools.send('WebAuthn.addVirtualAuthenticator', { options });
		await signIn(page, OWNER, named);
		await page.waitForURL(/\/dashboards\/.+/);
		await open(page, '/settings/security', named);
		await page.getByRole('button', { name: 'Add a passkey' }).click();
		await page.getByRole('dialog').getByLabel('Name').fill('My laptop');
		await page.getByRole('dialog').getByRole('button', { name: 'Go on' }).click();
		const passkeys = page.getByRole('region', { name: 'Passkeys' });
		await expect(passkeys.getByText('My laptop')).toBeVisible();

		await page.context().clearCookies();
		await page.goto(`${named}/sign-in`);
		await page.getByRole('button', { name: 'Use a passkey' }).click();
		await page.waitForURL(/\/dashboards\/.+/);
		await open(page, '/settings/security', named);
		await passkeys.getByRole('button', { name: 'Remove My laptop' }).click();
		await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
		await expect(passkeys.getByText('My laptop')).toHaveCount(0);
		await page.context().close();
	});

	test('an invitation makes a viewer, who sees and cannot write; a new role counts at once', async () => {
		await open(owner, '/settings/members');
		await owner.getByRole('button', { name: 'Invite', exact: true }).click();
		const dialog = owner.getByRole('dialog', { name: 'Invite somebody' });
		await dialog.getByLabel('E-mail address').fill('bob');
		await dialog.getByRole('button', { name: 'Invite' }).click();
		await expect(dialog.getByText('Type the whole address of the person.')).toBeVisible();
		await dialog.getByLabel('E-mail address').fill(GUEST.email);
		await dialog.getByLabel('Role').selectOption('viewer');
		await dialog.getByRole('button', { name: 'Invite' }).click();
		const made = owner.getByRole('dialog', { name: 'The invitation is made' });
		const link = await made.getByLabel('Link of the invitation').inputValue();
		await made.getByRole('button', { name: 'Done' }).click();
		const invitations = owner.getByRole('region', { name: 'Invitations' });
		await expect(invitations.getByText(GUEST.email)).toBeVisible();

		await guest.goto(link);
		await guest.getByLabel('Name').fill(GUEST.name);
		await guest.getByLabel('Password').fill(GUEST.password);
		await guest.getByRole('button', { name: 'Make account' }).click();
		await guest.waitForURL(/\/dashboards\/.+/);
		await expect(tile(guest, 'Visitors').or(guest.getByRole('article').first())).toBeVisible();
		await expect(guest.getByRole('button', { name: /^Sync/ })).toHaveCount(0);
		await expect(guest.getByRole('button', { name: 'Rename' })).toHaveCount(0);
		await expect(invitations.getByText(GUEST.email)).toHaveCount(0);
		await expect(owner.getByText(GUEST.name)).toBeVisible();

		await open(guest, '/settings/members');
		await expect(guest.getByRole('button', { name: 'Invite', exact: true })).toHaveCount(0);
		await expect(guest.getByLabel(/^Role of/)).toHaveCount(0);
		await expect(guest.getByRole('link', { name: 'API tokens' })).toHaveCount(0);
		await open(guest, '/settings/tokens');
		await expect(guest.getByText('Your role does not show you this')).toBeVisible();
		const refused = await guest.evaluate(async (email) => {
			const body = JSON.stringify({ email, role: 'admin' });
			const headers = { 'content-type': 'application/json' };
			return (await fetch('/api/auth/organization/invite-member', { method: 'POST', headers, body })).status;
		}, 'eve@example.com');
		expect(refused).toBe(403);

		await guest.goto(`${product.url}/integrations`);
		await expect(guest.getByRole('button', { name: /^Connect/ })).toHaveCount(0);
		await owner.getByLabel(`Role of ${GUEST.name}`).selectOption('editor');
		await expect(guest.getByRole('button', { name: /^Connect/ }).first()).toBeVisible();
	});

	test('an API token is shown once, works, and ends when it is revoked', async ({ request }) => {
		await open(owner, '/settings/tokens');
		await owner.getByRole('button', { name: 'New token' }).click();
		const dialog = owner.getByRole('dialog', { name: 'New API token' });
		await dialog.getByLabel('Name').fill('Nightly report');
		await dialog.getByRole('button', { name: 'Make the token' }).click();
		const shown = owner.getByRole('dialog', { name: 'Your new token' });
		const token = await shown.getByLabel('API token').inputValue();
		await shown.getByRole('button', { name: 'I have kept it' }).click();
		const headers = { authorization: `Bearer ${token}` };
		const answer = await request.get(`${product.url}/api/v1/connections`, { headers });
		expect(answer.status()).toBe(200);
		expect(await answer.json()).toMatchObject({ connections: [expect.objectContaining({ name: expect.any(String) })] });
		const tokens = owner.getByRole('region', { name: 'Tokens' });
		await expect(tokens.getByText(/used (just now|\d+ s ago)/)).toBeVisible();
		await owner.reload();
		await expect(tokens.getByText('Nightly report')).toBeVisible();
		expect(await owner.content()).not.toContain(token);
		expect(product.output).not.toContain(token);
		await tokens.getByRole('button', { name: 'Revoke Nightly report' }).click();
		await owner.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
		await expect(owner.getByText('No token yet')).toBeVisible();
		expect((await request.get(`${product.url}/api/v1/connections`, { headers })).status()).toBe(401);
	});

	test('a second workspace, made and switched to with the keyboard, in two tabs', async () => {
		const other = await owner.context().newPage();
		await open(other, '/settings/members');
		await open(owner, '/settings/workspace');
		await owner.getByRole('main').getByRole('button', { name: 'New workspace' }).click();
		await owner.getByRole('dialog').getByLabel('Name').fill('Side project');
		await owner.getByRole('dialog').getByRole('button', { name: 'Make it' }).click();
		await expect(owner.getByLabel('Name of the workspace')).toHaveValue('Side project');
		await expect(other.getByText(GUEST.name)).toHaveCount(0);
		await expect(other.getByText('Who is in Side project, and as what.')).toBeVisible();

		const menu = other.getByRole('navigation', { name: 'Main' }).getByRole('button', { name: /Switch workspace/ });
		await menu.focus();
		await other.keyboard.press('ArrowDown');
		await expect(other.getByRole('menuitemradio', { name: /Side project/ })).toBeFocused();
		await other.keyboard.press('ArrowUp');
		await other.keyboard.press('Enter');
		await expect(menu).toBeFocused();
		await expect(other.getByText(GUEST.name)).toBeVisible();
		await expect(owner.getByLabel('Name of the workspace')).not.toHaveValue('Side project');
		await other.close();
	});

	test('every page in light, dark and 360 px', async () => {
		for (const path of ['account', 'security', 'workspace', 'members', 'tokens']) {
			await open(owner, `/settings/${path}`);
			for (const theme of ['light', 'dark'] as const) {
				await owner.emulateMedia({ colorScheme: theme });
				await owner.setViewportSize({ width: 1280, height: 900 });
				await expectAccessible(owner);
				await owner.screenshot({ path: `test-results/settings-${path}-${theme}.png`, fullPage: true });
				await owner.setViewportSize({ width: 360, height: 780 });
				await expectAccessible(owner);
				await expectFits(owner);
				await owner.screenshot({ path: `test-results/settings-${path}-${theme}-360.png`, fullPage: true });
			}
		}
		await owner.emulateMedia({ colorScheme: null });
		await owner.setViewportSize({ width: 1280, height: 900 });
	});

	test('the workspace is handed over, and its first owner leaves it', async () => {
		await open(owner, '/settings/account');
		await expect(owner.getByText(/You are the only owner of/)).toBeVisible();
		await open(owner, '/settings/workspace');
		const name = await owner.getByLabel('Name of the workspace').inputValue();
		await owner.getByRole('button', { name: 'Hand over' }).click();
		const dialog = owner.getByRole('dialog', { name: `Hand over ${name}` });
		await expect(dialog.getByRole('button', { name: 'Hand over' })).toBeDisabled();
		await dialog.getByLabel(`Type ${name} to confirm`).fill(name);
		await dialog.getByRole('button', { name: 'Hand over' }).click();
		await expect(owner.getByText(/belongs to Bob Guest now/)).toBeVisible();
		await open(guest, '/settings/workspace');
		await expect(guest.getByRole('heading', { name: 'Ownership' })).toBeVisible();

		await owner.getByRole('button', { name: 'Leave the workspace' }).click();
		await owner.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
		await expect(owner.getByLabel('Name of the workspace')).toHaveValue('Side project');
		await open(guest, '/settings/members');
		await expect(guest.getByText('Ada Lovelace')).toHaveCount(0);
		// What the leaver connected is still there for the others.
		await guest.goto(`${product.url}/integrations/sample`);
		await expect(guest.locator('a[href^="/connections/"]').first()).toBeVisible();
	});

	test('an account is deleted once nobody depends on it', async () => {
		await open(owner, '/settings/account');
		await owner.getByRole('button', { name: 'Delete account…' }).click();
		const dialog = owner.getByRole('dialog', { name: 'Delete your account?' });
		await expect(dialog.getByText(/Side project: nobody else is in it/)).toBeVisible();
		await dialog.getByLabel(`Type ${OWNER.email} to confirm`).fill(OWNER.email);
		await dialog.getByRole('button', { name: 'Delete for good' }).click();
		await owner.waitForURL(/\/sign-in/);
		await signIn(owner, OWNER);
		await expect(owner.getByText(/do not belong together/)).toBeVisible();
	});
});
