import { expect, test } from '@playwright/test';
import { GithubFiller } from '../emulators/github.ts';
import { GITHUB_TOKEN, startEmulator, STRIPE_KEY, type RunningEmulator } from '../emulators/start.ts';
import { StripeFiller } from '../emulators/stripe.ts';
import {
	connect,
	enter,
	openConnectDialog,
	openConnection,
	runs,
	syncNow,
	testConnection,
	expectValues
} from './journeys.ts';
import { Product } from './product.ts';

/** Somebody else's stateful emulators: what we put in through their APIs must come out as numbers. */
test.describe('services that others emulate', () => {
	let product: Product;
	let github: RunningEmulator;
	let stripe: RunningEmulator;

	test.beforeAll(async () => {
		[github, stripe] = await Promise.all([startEmulator('github'), startEmulator('stripe')]);
		product = await Product.start({
			INTEGRATION_BASE_URL_GITHUB: github.url,
			INTEGRATION_BASE_URL_STRIPE: stripe.url
		});
	});
	test.beforeEach(async ({ page }) => enter(page, product));
	test.afterAll(async () => {
		await product.close();
		await github.close();
		await stripe.close();
	});

	test('GitHub: issues, pull requests and releases arrive and grow; what is lacking is said', async ({ page }) => {
		const filler = new GithubFiller(github.url);
		const repository = await filler.createRepository('plumb');
		await filler.createRepository('unwatched');
		const first = await filler.openIssue(repository, 'One');
		await filler.openIssue(repository, 'Two');
		await filler.openIssue(repository, 'Three');
		await filler.closeIssue(repository, first);
		await filler.openPull(repository, 'feature');
		await filler.publishRelease(repository, 'v1');

		const dialog = await openConnectDialog(page, product, 'GitHub');
		await testConnection(dialog, { 'Personal access token': GITHUB_TOKEN });
		await expect(dialog.getByText('octocat').first()).toBeVisible();
		await dialog.getByRole('button', { name: 'None' }).click();
		await dialog.getByRole('checkbox', { name: repository }).check();
		const board = await connect(page, dialog);

		await openConnection(page, product, 'GitHub');
		await expect(runs(page).first()).toContainText('Partial', { timeout: 60_000 });
		await runs(page).first().locator('summary').click();
		await expect(runs(page).first()).toContainText('New stars');
		await expect(runs(page).first()).toContainText('Views');

		await page.goto(product.url + board);
		await expectValues(page, 'Issues opened', [3]);
		await expectValues(page, 'Issues closed', [1]);
		await expectValues(page, 'Open issues', [2]);
		await expectValues(page, 'Open pull requests', [1]);
		await expectValues(page, 'Releases', [1]);

		await filler.openIssue(repository, 'Four');
		const pull = await filler.openPull(repository, 'second');
		await filler.mergePull(repository, pull);
		await openConnection(page, product, 'GitHub');
		await syncNow(page, /Partial/);
		await page.goto(product.url + board);
		await expectValues(page, 'Issues opened', [4]);
		await expectValues(page, 'Open issues', [3]);
		await expectValues(page, 'Pull requests opened', [2]);
		await expectValues(page, 'Pull requests merged', [1]);

		// Syncing again changes nothing.
		await openConnection(page, product, 'GitHub');
		await syncNow(page, /Partial/);
		await expect(runs(page).first()).toContainText('0 new · 0 changed');
	});

	test('Stripe: customers and charges arrive and grow, each currency apart', async ({ page }) => {
		const filler = new StripeFiller(stripe.url);
		const customer = await filler.createCustomer('one@example.com');
		await filler.createCustomer('two@example.com');
		// The emulator begins with a customer of its own: three in all.
		await filler.charge(customer, 12_50, 'usd');
		await filler.charge(customer, 7_50, 'usd');
		await filler.charge(customer, 900, 'jpy');

		const dialog = await openConnectDialog(page, product, 'Stripe');
		await testConnection(dialog, { 'Restricted key': STRIPE_KEY });
		const board = await connect(page, dialog);
		await openConnection(page, product, 'Stripe');
		await expect(runs(page).first()).toContainText('Partial', { timeout: 90_000 });

		await page.goto(product.url + board);
		await expectValues(page, 'New customers', [3]);
		await expectValues(page, 'Successful payments', [3]);
		// Minor units: 20.00 dollars and 900 yen, never added together.
		await expectValues(page, 'Gross volume', [900, 20_00]);

		await filler.createCustomer('three@example.com');
		await filler.charge(customer, 5_00, 'usd');
		await openConnection(page, product, 'Stripe');
		await syncNow(page, /Partial/);
		await page.goto(product.url + board);
		await expectValues(page, 'New customers', [4]);
		await expectValues(page, 'Gross volume', [900, 25_00]);

		await openConnection(page, product, 'Stripe');
		await syncNow(page, /Partial/);
		await expect(runs(page).first()).toContainText('0 new · 0 changed');

		// The keys are nowhere to be seen.
		for (const secret of [STRIPE_KEY, GITHUB_TOKEN]) {
			expect(product.output).not.toContain(secret);
			expect(await page.content()).not.toContain(secret);
		}
	});
});
