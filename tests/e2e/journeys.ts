/** Steps of a person, in the words that the pages use. */
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Locator, type Page } from '@playwright/test';
import type { Product } from './product.ts';

export const OWNER = { name: 'Ada', email: 'ada@example.org', password: 'correct horse battery' } as const;

/** Makes the first account of a fresh product and is signed in with it; from elsewhere with the code of its log. */
export async function signUp(page: Page, product: Product, url: string = product.url): Promise<void> {
	await page.goto(`${url}/setup`);
	const code = page.getByLabel('Code');
	if (await code.isVisible()) await code.fill(/with the code (\S+)/.exec(product.output)?.[1] ?? '');
	await page.getByLabel('Name').fill(OWNER.name);
	await page.getByLabel('E-mail').fill(OWNER.email);
	await page.getByLabel('Password').fill(OWNER.password);
	await page.getByRole('button', { name: 'Make account' }).click();
	await page.waitForURL((url) => url.pathname !== '/setup');
}

/** Signs in on the page of signing in, wherever it leads to. */
export async function signIn(page: Page, product: Product, person: { email: string; password: string } = OWNER) {
	await page.goto(`${product.url}/sign-in`);
	await page.getByLabel('E-mail').fill(person.email);
	await page.getByLabel('Password').fill(person.password);
	await page.getByRole('button', { name: 'Sign in', exact: true }).click();
	await page.waitForURL((url) => url.pathname !== '/sign-in');
}

/** Is signed in as the owner: in the first browser by making the account, in later ones with its cookies. */
export async function enter(page: Page, product: Product): Promise<void> {
	if (product.cookies.length === 0) {
		await signUp(page, product);
		product.cookies = await page.context().cookies();
	} else await page.context().addCookies(product.cookies);
}

/** Opens the connect dialog of a service from the gallery. */
export async function openConnectDialog(page: Page, product: Product, service: string): Promise<Locator> {
	await page.goto(`${product.url}/integrations/${service.toLowerCase()}`);
	await page
		.getByRole('button', { name: new RegExp(`^Connect`) })
		.first()
		.click();
	const dialog = page.getByRole('dialog', { name: `Connect ${service}` });
	await expect(dialog).toBeVisible();
	return dialog;
}

/** Fills fields by label, tests, and waits until the account is named. */
export async function testConnection(dialog: Locator, fields: Readonly<Record<string, string>>): Promise<void> {
	for (const [label, value] of Object.entries(fields)) await dialog.getByLabel(label, { exact: true }).fill(value);
	await dialog.getByRole('button', { name: /^Test/ }).click();
	await expect(dialog.getByText('Reached')).toBeVisible();
}

/** Presses Connect and waits for the dashboard; gives its path. */
export async function connect(page: Page, dialog: Locator): Promise<string> {
	await dialog.getByRole('button', { name: 'Connect', exact: true }).click();
	await page.waitForURL(/\/dashboards\/.+/);
	return new URL(page.url()).pathname;
}

/** The page of the only connection of a service. */
export async function openConnection(page: Page, product: Product, service: string): Promise<void> {
	await page.goto(`${product.url}/integrations/${service.toLowerCase()}`);
	await page.locator('a[href^="/connections/"]').first().click();
	await page.waitForURL(/\/connections\/.+/);
}

/** The history of runs, newest first. */
export function runs(page: Page): Locator {
	return page.getByRole('region', { name: 'Sync history' }).getByRole('listitem');
}

/** Presses Sync now on a connection's page and waits until the run has ended. */
export async function syncNow(page: Page, ending: RegExp): Promise<void> {
	// While a run is under way, the button would join it.
	const button = page.getByRole('button', { name: 'Sync now', exact: true });
	await expect(button).toBeVisible({ timeout: 60_000 });
	const before = await runs(page).count();
	await button.click();
	await expect(runs(page)).toHaveCount(before + 1);
	await expect(runs(page).first()).toContainText(ending, { timeout: 60_000 });
}

/** The tile of a metric on a dashboard. */
export function tile(page: Page, metric: string): Locator {
	return page.getByRole('article', { name: metric, exact: true }).first();
}

/** Exact values that a tile shows, by the label of their series ('' for the only one). */
async function valuesOf(page: Page, metric: string): Promise<number[]> {
	const texts = await tile(page, metric)
		.locator('data')
		.evaluateAll((nodes) => nodes.map((node) => node.getAttribute('value')));
	return texts.map(Number).toSorted((a, b) => a - b);
}

/** Waits until a tile shows exactly these values: boards are live, so they may still be arriving. */
export async function expectValues(page: Page, metric: string, values: readonly number[]): Promise<void> {
	await expect.poll(() => valuesOf(page, metric), { message: metric, timeout: 20_000 }).toEqual(values);
}

/** Waits until the first value of a tile is above a bound. */
export async function expectAbove(page: Page, metric: string, bound: number): Promise<void> {
	await expect
		.poll(async () => (await valuesOf(page, metric))[0] ?? null, { message: metric, timeout: 20_000 })
		.toBeGreaterThan(bound);
}

/** Nothing that axe knows to be wrong. */
export async function expectAccessible(page: Page): Promise<void> {
	const { violations } = await new AxeBuilder({ page }).analyze();
	expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`)).toEqual(
		[]
	);
}

/** No sideways scroll. */
export async function expectFits(page: Page): Promise<void> {
	const overflow = await page.evaluate(
		() => document.documentElement.scrollWidth - document.documentElement.clientWidth
	);
	expect(overflow).toBeLessThanOrEqual(0);
}

/** Presses a key until it has been heard: before a page has its scripts, nothing listens. */
export async function pressUntilFocused(page: Page, key: string, target: Locator): Promise<void> {
	await expect(async () => {
		await page.keyboard.press(key);
		await expect(target).toBeFocused({ timeout: 200 });
	}).toPass({ timeout: 15_000 });
}

/** Presses Tab until the element has the focus. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
	for (let press = 0; press < 60; press++) {
		if (await target.evaluate((node) => node === document.activeElement).catch(() => false)) return;
		await page.keyboard.press('Tab');
	}
	throw new Error('Not reachable with Tab.');
}

const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 360, height: 780 };

/** Light and dark, wide and narrow: nothing that axe knows to be wrong, no sideways scroll, and a picture of each. */
export async function look(page: Page, name: string): Promise<void> {
	for (const theme of ['light', 'dark'] as const) {
		await page.emulateMedia({ colorScheme: theme });
		for (const size of [WIDE, NARROW]) {
			await page.setViewportSize(size);
			await expectAccessible(page);
			await expectFits(page);
			await page.screenshot({ path: `test-results/looks/${name}-${theme}-${size.width}.png` });
		}
	}
	await page.emulateMedia({ colorScheme: null });
	await page.setViewportSize(WIDE);
}
