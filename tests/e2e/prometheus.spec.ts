import { expect, test } from '@playwright/test';
import { findPrometheus } from '../../scripts/tools/prometheus.ts';
import { behindBasicAuth, RealPrometheus } from '../servers/prometheus.ts';
import {
	connect,
	enter,
	openConnectDialog,
	openConnection,
	runs,
	tabTo,
	syncNow,
	testConnection,
	tile,
	expectAbove,
	expectValues
} from './journeys.ts';
import { Product } from './product.ts';

test.describe('Prometheus, scraping itself', () => {
	test.skip(findPrometheus() === null, 'No Prometheus on this machine: apt-get install prometheus.');
	let product: Product;
	let prometheus: RealPrometheus;

	test.beforeAll(async () => {
		[product, prometheus] = await Promise.all([Product.start(), RealPrometheus.start()]);
	});
	test.beforeEach(async ({ page }) => enter(page, product));
	test.afterAll(async () => {
		await product.close();
		await prometheus.close();
	});

	test('connect, see its history, lose it, see the last good values, recover', async ({ page }) => {
		const dialog = await openConnectDialog(page, product, 'Prometheus');
		await testConnection(dialog, { Address: prometheus.url });
		await expect(dialog.getByText(/\d+\.\d+\.\d+/).first()).toBeVisible();
		await dialog.getByRole('button', { name: /Add/ }).click();
		await dialog.getByLabel('Name, row 1').fill('Uptime checks');
		await dialog.getByLabel('PromQL, row 1').fill('count(up)');
		const board = await connect(page, dialog);

		await expect(tile(page, 'Samples ingested').locator('data')).not.toHaveCount(0);
		await expectAbove(page, 'Samples ingested', 0);
		await expectAbove(page, 'Series in memory', 100);
		await expectValues(page, 'Targets up', [1]);
		await expectValues(page, 'Your own metrics', [1]);

		await openConnection(page, product, 'Prometheus');
		await expect(runs(page)).toHaveCount(1);
		await expect(runs(page).first()).toContainText('Succeeded');

		await prometheus.pause();
		await syncNow(page, /Failed|Running|Queued/);
		await expect(page.getByText(/cannot be reached/).first()).toBeVisible({
			timeout: 60_000
		});
		const stored = page.getByRole('main');
		await expect(stored).not.toContainText(/Something went wrong|undefined|\[object/);
		await page.goto(product.url + board);
		// The last good values stand, with their age.
		await expectAbove(page, 'Series in memory', 100);
		await expect(tile(page, 'Series in memory').locator('time')).not.toHaveCount(0);

		await prometheus.resume();
		await openConnection(page, product, 'Prometheus');
		await page.getByRole('button', { name: /^Sync/ }).click();
		await expect(runs(page).first()).toContainText('Succeeded', { timeout: 60_000 });
		await expect(page.getByRole('main').getByText('Connected', { exact: true })).toBeVisible();
	});

	test('with the keyboard only: find it, connect it, see the board, sync again', async ({ page }) => {
		// A second address of the same server: the first test has connected the first.
		const door = await behindBasicAuth(prometheus.url, 'reader', 'keys only');
		await page.goto(`${product.url}/integrations`);
		await page.keyboard.press('/');
		await page.keyboard.type('promql');
		await expect(page.getByRole('link', { name: /Stripe/ })).toHaveCount(0);
		await page.goto(`${product.url}/integrations/prometheus`);
		await tabTo(page, page.getByRole('button', { name: /^Connect/ }).first());
		await page.keyboard.press('Enter');
		const dialog = page.getByRole('dialog', { name: 'Connect Prometheus' });
		await expect(dialog.getByLabel('Address', { exact: true })).toBeFocused();
		await page.keyboard.type(door.url);
		await page.keyboard.press('Tab');
		await page.keyboard.type('reader');
		await page.keyboard.press('Tab');
		await page.keyboard.type('keys only');
		await page.keyboard.press('Enter');
		await expect(dialog.getByText('Reached')).toBeVisible();
		await tabTo(page, dialog.getByRole('button', { name: 'Connect', exact: true }));
		await page.keyboard.press('Enter');
		await page.waitForURL(/\/dashboards\/.+/);
		await expectAbove(page, 'Series in memory', 100);
		await tabTo(page, page.getByRole('button', { name: /^Sync/ }));
		await page.keyboard.press('Enter');
		await expect(page.getByText(/sync (has started|is under way)/)).toBeVisible();
		await door.close();
	});

	test('behind a password: the wrong one is named at its field, the right one connects', async ({ page }) => {
		const door = await behindBasicAuth(prometheus.url, 'reader', 'correct horse');
		const dialog = await openConnectDialog(page, product, 'Prometheus');
		await dialog.getByLabel('Address', { exact: true }).fill(door.url);
		await dialog.getByLabel('User name', { exact: false }).first().fill('reader');
		await dialog.getByLabel('Password', { exact: false }).first().fill('wrong');
		await dialog.getByRole('button', { name: /^Test/ }).click();
		await expect(dialog.getByText(/401|password|refused/i).first()).toBeVisible();
		await expect(dialog.getByText('Reached')).toHaveCount(0);

		await dialog.getByLabel('Password', { exact: false }).first().fill('correct horse');
		await dialog.getByRole('button', { name: /^Test/ }).click();
		await expect(dialog.getByText('Reached')).toBeVisible();
		await connect(page, dialog);
		await expect(tile(page, 'Targets up').locator('data')).not.toHaveCount(0);
		expect(product.output).not.toContain('correct horse');
		expect(await page.content()).not.toContain('correct horse');
		await door.close();
	});
});
