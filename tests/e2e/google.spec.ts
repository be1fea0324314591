import { expect, test, type Page } from '@playwright/test';
import { startFake, type FakeService } from '../../src/convex/integrations/fake.suite.ts';
import { FakeGoogleAnalytics } from '../../src/convex/integrations/google-analytics.fake.ts';
import { freePort, GOOGLE_CLIENT, GOOGLE_USERS, startGoogle, type GoogleEmulator } from '../emulators/start.ts';
import { enter, expectAccessible, expectFits, expectValues, openConnection, runs, syncNow, tile } from './journeys.ts';
import { Product } from './product.ts';

const DAY_MS = 86_400_000;
const [ADA, BOB] = GOOGLE_USERS;

/** Somebody else's Google sign-in with its real pages, and a fake of the Analytics APIs behind it. */
test.describe('Google Analytics by signing in with Google', () => {
	// One story: each part goes on where the one before ended.
	test.describe.configure({ mode: 'serial' });

	let product: Product;
	let google: GoogleEmulator;
	let service: FakeService;
	const analytics = new FakeGoogleAnalytics();
	/** Access tokens that were used, and those that are worth nothing any more. */
	const used = new Set<string>();
	const revoked = new Set<string>();

	test.beforeAll(async () => {
		service = await startFake((request) => analytics.answer(request));
		const port = await freePort();
		product = await Product.start({
			INTEGRATION_BASE_URL_GOOGLE: `http://127.0.0.1:${port}`,
			INTEGRATION_BASE_URL_GOOGLE_ANALYTICS: service.url
		});
		google = await startGoogle([`${product.url}/oauth/google/callback`], port);
		analytics.timeZone = 'UTC';
		analytics.accepts = (authorization) => {
			used.add(authorization);
			return authorization.startsWith('Bearer google_') && !revoked.has(authorization);
		};
		analytics.accounts = [
			{
				name: 'Roastery',
				properties: [
					{ property: analytics.property, displayName: 'Coffee shop' },
					{ property: 'properties/4712', displayName: 'Coffee blog' }
				]
			}
		];
		const at = Date.now() - 10 * DAY_MS;
		analytics.sessions = [
			{
				at,
				user: 'a',
				isNew: true,
				engaged: true,
				views: 4,
				events: 9,
				keyEvents: 2,
				revenue: 12.5,
				channel: 'Direct',
				country: 'Germany'
			},
			{ at: at + DAY_MS, user: 'b', isNew: true, views: 2, events: 3, channel: 'Email', country: 'France' },
			{ at: at + DAY_MS, user: 'c', engaged: true, views: 1, events: 1, channel: 'Direct', country: 'Germany' }
		];
	});
	test.beforeEach(async ({ page }) => enter(page, product));
	test.afterAll(async () => {
		await product.close();
		await google.close();
		await service.close();
	});

	async function choosePerson(page: Page, email: string): Promise<void> {
		await expect(page.getByText('Sign in to Google')).toBeVisible();
		await page.getByText(email).first().click();
	}

	test('an admin sets the client, somebody signs in, chooses a property and sees its numbers', async ({ page }) => {
		await page.goto(`${product.url}/integrations/google-analytics`);
		await page.getByRole('button', { name: 'Connect Google Analytics' }).click();
		const dialog = page.getByRole('dialog', { name: 'Connect Google Analytics' });
		await expect(dialog.getByText('Plumbline needs an OAuth client at Google first')).toBeVisible();
		await expect(dialog.getByRole('button', { name: 'Continue with Google' })).toBeDisabled();
		await expectAccessible(page);
		await dialog.getByRole('link', { name: 'Settings, OAuth apps' }).click();

		await page.waitForURL('**/settings/oauth-apps');
		await expect(page.getByText(`${product.url}/oauth/google/callback`)).toBeVisible();
		await page.getByLabel('Client id').fill(GOOGLE_CLIENT.id);
		await page.getByLabel('Client secret', { exact: true }).fill(GOOGLE_CLIENT.secret);
		await page.getByRole('button', { name: 'Save' }).click();
		await expect(page.getByText('Set here')).toBeVisible();
		await expect(page.getByText('stored, encrypted')).toBeVisible();
		await expectAccessible(page);

		await page.goto(`${product.url}/integrations/google-analytics`);
		await page.getByRole('button', { name: 'Connect Google Analytics' }).click();
		await dialog.getByRole('button', { name: 'Continue with Google' }).click();
		await choosePerson(page, ADA);

		await page.waitForURL(/\/integrations\/google-analytics\?grant=/);
		await expect(dialog.getByText('Reached')).toBeVisible();
		await expect(dialog.getByText(ADA)).toBeVisible();
		await dialog.getByRole('radio', { name: /Coffee shop/ }).check();
		await expectAccessible(page);
		await dialog.getByRole('button', { name: 'Connect', exact: true }).click();
		await page.waitForURL(/\/dashboards\/.+/);
		const board = page.url();
		await openConnection(page, product, 'google-analytics');
		await expect(runs(page).first()).toContainText('Succeeded', { timeout: 60_000 });
		await page.goto(board);
		await expectValues(page, 'Sessions', [3]);
		await expectValues(page, 'Views', [7]);
		await expectValues(page, 'Conversions', [2]);
		await expectValues(page, 'Revenue', [12_50]);
		await expectValues(page, 'New users', [2]);
		for (const channel of ['Direct', 'Email']) await expect(tile(page, 'Sessions by channel')).toContainText(channel);

		// What was used up leads to nothing a second time.
		await page.goBack();
		for (const secret of [GOOGLE_CLIENT.secret, ...used].map((text) => text.replace('Bearer ', ''))) {
			expect(product.output).not.toContain(secret);
			expect(await page.content()).not.toContain(secret);
		}
	});

	test('access that was revoked is said, and Reconnect goes on with the same history', async ({ page }) => {
		google.revoke();
		for (const token of used) revoked.add(token);
		analytics.sessions.push({ at: Date.now() - DAY_MS, user: 'd', views: 1, channel: 'Direct', country: 'Spain' });
		await openConnection(page, product, 'google-analytics');
		await syncNow(page, /Failed/);
		await expect(page.getByText(/Google no longer accepts this connection/).first()).toBeVisible();
		await expectAccessible(page);
		const notice = page.getByRole('alert').filter({ hasText: 'no longer accepts' });
		await notice.getByRole('button', { name: 'Reconnect' }).click();
		await choosePerson(page, BOB);
		await page.waitForURL(/\/connections\/.+/);
		await expect(runs(page).first()).toContainText('Succeeded', { timeout: 60_000 });
		await expect(page.getByText(BOB)).toBeVisible();
		await page.getByRole('link', { name: 'Dashboard', exact: true }).click();
		await expectValues(page, 'Sessions', [4]);
	});

	test('who declines at Google, or brings an answer twice, is told so in words', async ({ page }) => {
		await page.goto(`${product.url}/integrations/google-analytics`);
		await page.getByRole('button', { name: 'Connect another account' }).click();
		const address = page.waitForRequest((request) => request.url().startsWith(`${google.url}/o/oauth2/v2/auth`));
		await page.getByRole('button', { name: 'Continue with Google' }).click();
		const state = new URL((await address).url()).searchParams.get('state') ?? '';
		// The way there is over: going elsewhere before that would be refused by the browser.
		await expect(page.getByText('Sign in to Google')).toBeVisible();
		const callback = `${product.url}/oauth/google/callback?${new URLSearchParams({ error: 'access_denied', state })}`;
		await page.goto(callback);
		await expect(page.getByRole('heading', { name: 'Google was not connected' })).toBeVisible();
		await expect(page.getByText(/Access was declined at Google/)).toBeVisible();
		await expect.poll(() => new URL(page.url()).search).toBe('');
		await expectAccessible(page);
		await page.goto(callback);
		await expect(page.getByText(/was used already/)).toBeVisible();
		await page.getByRole('link', { name: 'See integrations' }).click();
		await expect(page.getByRole('heading', { name: 'Integrations' })).toBeVisible();
	});

	test('on a small screen, light and dark, nothing is cut off', async ({ page }) => {
		await page.setViewportSize({ width: 360, height: 740 });
		for (const colorScheme of ['light', 'dark'] as const) {
			await page.emulateMedia({ colorScheme });
			for (const path of ['/settings/oauth-apps', '/integrations/google-analytics', '/oauth/google/callback']) {
				await page.goto(product.url + path);
				await expectFits(page);
				await expectAccessible(page);
			}
		}
	});
});
