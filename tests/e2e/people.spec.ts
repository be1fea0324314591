/** What people change about themselves and one another, and that it counts at once wherever it is looked at. */
import { OAuth2Server } from 'oauth2-mock-server';
import { expect, test, type Browser, type Locator, type Page } from '@playwright/test';
import { look, OWNER, signIn, signUp } from './journeys.ts';
import { Product } from './product.ts';
import { totpAt } from './totp.ts';

const GUEST = { name: 'Bob Guest', email: 'bob@example.org', password: 'the lead hangs straight' };
const SECOND_PASSWORD = 'a plumb line never lies';

/** One product, whose owner keeps a browser from test to test. */
test.describe.serial('people', () => {
	const provider = new OAuth2Server();
	const owner: { email: string; password: string } = { ...OWNER };
	let product: Product;
	let page: Page;

	test.beforeAll(async ({ browser }) => {
		await provider.issuer.keys.generate('RS256');
		await provider.start(0, '127.0.0.1');
		const issuer = `http://127.0.0.1:${provider.address().port}`;
		provider.issuer.url = issuer;
		product = await Product.start({
			PLUMBLINE_SIGN_IN_OIDC_ISSUER: issuer,
			PLUMBLINE_SIGN_IN_OIDC_NAME: 'Acme',
			PLUMBLINE_SIGN_IN_OIDC_CLIENT_ID: 'plumbline',
			PLUMBLINE_SIGN_IN_OIDC_CLIENT_SECRET: 'a secret of the provider'
		});
		page = await newBrowser(browser);
		await signUp(page, product);
	});
	test.afterAll(async () => {
		await page.context().close();
		await product.close();
		await provider.stop();
	});

	async function newBrowser(browser: Browser): Promise<Page> {
		return await (await browser.newContext()).newPage();
	}

	async function open(path: string, on = page): Promise<void> {
		await on.goto(`${product.url}${path}`);
		await expect(on.getByRole('heading', { level: 1 })).toBeVisible();
	}

	/** Invites the guest; gives the link. */
	async function invite(time: string): Promise<string> {
		await open('/settings/members');
		await page.getByRole('button', { name: 'Invite', exact: true }).click();
		const dialog = page.getByRole('dialog', { name: 'Invite somebody' });
		await dialog.getByLabel('E-mail address').fill(GUEST.email);
		await expect(dialog.getByLabel('Expires in')).toHaveValue('7');
		await dialog.getByLabel('Expires in').selectOption(time);
		await dialog.getByRole('button', { name: 'Invite' }).click();
		const made = page.getByRole('dialog', { name: 'The invitation is made' });
		await expect(made.getByText(`expires in ${time}`)).toBeVisible();
		const link = await made.getByLabel('Link of the invitation').inputValue();
		await made.getByRole('button', { name: 'Done' }).click();
		return link;
	}

	const regionOf = (name: string): Locator => page.getByRole('region', { name });
	/** The answer in the dialog that asks first. */
	const confirm = (name: string) => page.getByRole('dialog').getByRole('button', { name, exact: true }).click();

	test('a changed password ends every other browser, and only the new one signs in', async ({ browser }) => {
		const other = await newBrowser(browser);
		await signIn(other, product, owner);
		await open('/settings/security');
		await page.getByLabel('Present password').fill('not the password');
		await page.getByLabel('New password').fill('too short');
		await page.getByRole('button', { name: 'Change password' }).click();
		await expect(page.getByText('Choose a password of at least 10 characters.')).toBeVisible();
		await page.getByLabel('New password').fill(SECOND_PASSWORD);
		await page.getByRole('button', { name: 'Change password' }).click();
		await expect(page.getByText('This is not your password.')).toBeVisible();
		await page.getByLabel('Present password').fill(owner.password);
		await page.getByRole('button', { name: 'Change password' }).click();
		await expect(page.getByText('Your password is changed. Other browsers are signed out.')).toBeVisible();
		await other.waitForURL(/\/sign-in/);
		await expect(page.getByText('This browser')).toBeVisible();

		await other.getByLabel('E-mail').fill(owner.email);
		await other.getByLabel('Password').fill(owner.password);
		await other.getByRole('button', { name: 'Sign in', exact: true }).click();
		await expect(other.getByText('This e-mail address and password do not belong together.')).toBeVisible();
		owner.password = SECOND_PASSWORD;
		await signIn(other, product, owner);
		await other.context().close();
	});

	test('all other browsers are signed out at once', async ({ browser }) => {
		const others = [await newBrowser(browser), await newBrowser(browser)];
		for (const other of others) await signIn(other, product, owner);
		await open('/settings/security');
		const sessions = regionOf('Where you are signed in').getByRole('listitem');
		await expect(sessions).toHaveCount(4);
		await page.getByRole('button', { name: 'Sign out all others' }).click();
		await confirm('Sign out all others');
		await expect(page.getByText('3 other browsers are signed out.')).toBeVisible();
		await expect(sessions).toHaveCount(1);
		for (const other of others) await other.waitForURL(/\/sign-in/);
		for (const other of others) await other.context().close();
	});

	test('a backup code signs in, once', async ({ browser }) => {
		await open('/settings/security');
		const card = regionOf('Second factor');
		await card.getByRole('button', { name: 'Turn on' }).click();
		const dialog = page.getByRole('dialog');
		await dialog.getByLabel('Your password').fill(owner.password);
		await dialog.getByRole('button', { name: 'Go on' }).click();
		const secret = await dialog.getByLabel('Secret of the second factor').inputValue();
		await look(page, 'dialog-second-factor');
		await dialog.getByLabel('Code from the app').fill(totpAt(secret, Date.now()));
		await dialog.getByRole('button', { name: 'Turn on' }).click();
		const code = await dialog.getByRole('list', { name: 'Backup codes' }).getByRole('listitem').first().innerText();
		await look(page, 'dialog-backup-codes');
		await dialog.getByRole('button', { name: 'I have kept them' }).click();
		await expect(card.getByText('On', { exact: true })).toBeVisible();

		const other = await newBrowser(browser);
		for (const outcome of ['in', 'refused'] as const) {
			await signIn(other, product, owner);
			await other.getByRole('link', { name: 'Use a backup code instead' }).click();
			await other.getByLabel('Backup code').fill(code);
			await other.getByRole('button', { name: 'Sign in' }).click();
			if (outcome === 'in') await other.waitForURL((url) => !url.pathname.startsWith('/sign-in'));
			else await expect(other.getByText('This backup code is not right, or it has been used.')).toBeVisible();
			await other.context().clearCookies();
		}
		await other.context().close();
		await card.getByRole('button', { name: 'Turn off' }).click();
		await dialog.getByLabel('Your password').fill(owner.password);
		await dialog.getByRole('button', { name: 'Turn off' }).click();
		await expect(card.getByText('Off', { exact: true })).toBeVisible();
	});

	test('a renamed workspace has its name in every tab', async () => {
		const other = await page.context().newPage();
		await open('/settings/members', other);
		await open('/settings/workspace');
		await page.getByLabel('Name of the workspace').fill('Masons');
		await page.getByRole('button', { name: 'Save name' }).click();
		await expect(page.getByText('The name is saved.')).toBeVisible();
		await expect(other.getByText('Who is in Masons, and as what.')).toBeVisible();
		await other.close();
	});

	test('an invitation says when it expires, is renewed, and revoked its link is dead', async ({ browser }) => {
		const link = await invite('1 day');
		const row = regionOf('Invitations').getByRole('listitem');
		await expect(row).toContainText('expires in 1 day');
		await row.getByRole('button', { name: /^Renew/ }).click();
		await expect(row).toContainText('expires in 7 days');
		await expect(page.getByText('The invitation works for 7 days from now.')).toBeVisible();

		const other = await newBrowser(browser);
		await other.goto(link);
		await expect(other.getByRole('heading', { name: 'Join Masons' })).toBeVisible();
		await look(other, 'door-invite');
		await row.getByRole('button', { name: /^Revoke/ }).click();
		await confirm('Revoke');
		await expect(page.getByText('Nobody is asked to join at the moment.')).toBeVisible();
		await other.reload();
		await expect(other.getByText(/This invitation was withdrawn/)).toBeVisible();
		await look(other, 'door-invite-over');
		await other.context().close();
	});

	test('who is removed sees nothing more of the workspace, at once', async ({ browser }) => {
		const link = await invite('30 days');
		await expect(regionOf('Invitations').getByRole('listitem')).toContainText('expires in 30 days');
		const guest = await newBrowser(browser);
		await guest.goto(link);
		await guest.getByLabel('Name').fill(GUEST.name);
		await guest.getByLabel('Password').fill(GUEST.password);
		await guest.getByRole('button', { name: 'Make account' }).click();
		await guest.waitForURL((url) => !url.pathname.startsWith('/invite'));
		await open('/settings/members', guest);
		await expect(guest.getByText(owner.email)).toBeVisible();

		await page.getByRole('button', { name: `Remove ${GUEST.name}` }).click();
		await confirm('Remove');
		await expect(page.getByText(`${GUEST.name} is no longer in the workspace.`)).toBeVisible();
		await expect(guest.getByRole('heading', { name: 'You are in no workspace' })).toBeVisible();
		await expect(guest.getByText(owner.email)).toHaveCount(0);
		await look(guest, 'no-workspace');
		await guest.goto(`${product.url}/settings/members`);
		await expect(guest.getByRole('heading', { name: 'You are in no workspace' })).toBeVisible();
		await guest.context().close();
	});

	test('another service is linked, signs in, and is unlinked', async ({ browser }) => {
		let email = 'another@example.org';
		provider.service.on('beforeTokenSigning', ({ payload }) =>
			Object.assign(payload, { sub: 'ada', name: OWNER.name, email, email_verified: true })
		);
		await open('/settings/account');
		const card = regionOf('Sign in with another service');
		await card.getByRole('button', { name: 'Link Acme' }).click();
		await expect(card.getByText(/has another e-mail address than the one here/)).toBeVisible();
		email = owner.email;
		await card.getByRole('button', { name: 'Link Acme' }).click();
		await expect(card.getByText(/^Linked (just now|\d+ s ago)/)).toBeVisible();
		const other = await newBrowser(browser);
		await other.goto(`${product.url}/sign-in`);
		await look(other, 'door-sign-in');
		await other
			.getByRole('link', { name: /Acme/ })
			.or(other.getByRole('button', { name: /Acme/ }))
			.click();
		await other.waitForURL((url) => url.origin === product.url && !url.pathname.startsWith('/sign-in'));
		await other.context().close();
		await card.getByRole('button', { name: 'Unlink Acme' }).click();
		await confirm('Unlink');
		await expect(card.getByText('Not linked')).toBeVisible();
	});

	test('a new address counts once its link is followed', async () => {
		await open('/settings/account');
		await page.getByRole('button', { name: 'Change address' }).click();
		await page.getByLabel('New address').fill('countess@example.org');
		await page.getByRole('button', { name: 'Send the link' }).click();
		await expect(page.getByText(/countess@example.org becomes your address with the link/)).toBeVisible();
		await expect(regionOf('E-mail').getByText(owner.email)).toBeVisible();
		await expect.poll(() => product.output).toMatch(/\/verify-email\?token=\S+/);
		const [, token = ''] = /\/verify-email\?token=(\S+)/.exec(product.output) ?? [];
		const tab = await page.context().newPage();
		await tab.goto(`${product.url}/verify-email?token=${token}`);
		await tab.getByRole('button', { name: 'Confirm' }).click();
		await expect(tab.getByText('The address is confirmed.')).toBeVisible();
		await tab.close();
		await expect(regionOf('E-mail').getByText('countess@example.org', { exact: true })).toBeVisible();
		await expect(regionOf('E-mail').getByText('Confirmed')).toBeVisible();
		owner.email = 'countess@example.org';
	});
});
