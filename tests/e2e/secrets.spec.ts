/**
 * Secrets are planted in everything that holds one, a person goes through the product, the operator exports, backs up
 * and changes the key, and then all that anybody was told and all that was written is searched for them.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { convexCommand, convexEnvironment } from '../../scripts/product/cli.ts';
import { readVariables, SECRET_KEYS } from '../../scripts/product/environment.ts';
import { runningUrl } from '../../src/embedded/lock.ts';
import { Canaries } from './canaries.ts';
import { connect, enter, openConnectDialog, openConnection, OWNER, syncNow, testConnection } from './journeys.ts';
import { Product } from './product.ts';

const TOKEN = 'canary-TOKEN-8f1c/+42ab';
const WRONG = 'canary-WRONG-71ed/+90cd';
const MAIL = 'canary-MAIL-5503fe';
const CLIENT = 'canary-CLIENT-aa19d0';

/** A Prometheus that tells everybody what they sent, in bodies and headers. */
class Echo {
	readonly #server: Server;
	broken = false;
	requests = 0;

	private constructor() {
		this.#server = createServer((request, response) => {
			this.requests += 1;
			const { authorization = '' } = request.headers;
			const answer = (status: number, body: unknown) => {
				const headers = {
					'content-type': 'application/json',
					'x-echo': authorization,
					'set-cookie': `echo=${encodeURIComponent(authorization)}`
				};
				response.writeHead(status, headers).end(JSON.stringify(body));
			};
			const echo = `you sent ${authorization}`;
			if (authorization !== `Bearer ${TOKEN}`) return answer(401, { status: 'error', error: echo });
			if (this.broken) return answer(422, { status: 'error', errorType: 'execution', error: echo });
			const path = new URL(request.url ?? '/', 'http://localhost').pathname;
			if (path.endsWith('/buildinfo')) return answer(200, { status: 'success', data: { version: '2.42.0' } });
			const result = { resultType: path.endsWith('range') ? 'matrix' : 'vector', result: [] };
			return answer(200, { status: 'success', data: result });
		});
	}

	static async start(): Promise<Echo> {
		const echo = new Echo();
		echo.#server.listen(0, '127.0.0.1');
		await once(echo.#server, 'listening');
		return echo;
	}

	get url(): string {
		const address = this.#server.address();
		if (typeof address !== 'object' || !address) throw new Error('The server has no port.');
		return `http://127.0.0.1:${address.port}`;
	}

	async close(): Promise<void> {
		this.#server.closeAllConnections();
		this.#server.close();
		await once(this.#server, 'close');
	}
}

test.describe('secrets', () => {
	test.describe.configure({ timeout: 240_000 });
	let product: Product;
	let echo: Echo;

	test.beforeAll(async () => {
		echo = await Echo.start();
		product = await Product.start({
			PLUMBLINE_SMTP_URL: `smtp://operator:${MAIL}@127.0.0.1:9`,
			PLUMBLINE_SIGN_IN_GITHUB_CLIENT_ID: 'an id',
			PLUMBLINE_SIGN_IN_GITHUB_CLIENT_SECRET: CLIENT,
			PLUMBLINE_GOOGLE_CLIENT_ID: 'an id',
			PLUMBLINE_GOOGLE_CLIENT_SECRET: CLIENT
		});
	});
	test.afterAll(async () => {
		await product.close();
		await echo.close();
	});

	async function run(
		command: readonly string[],
		environment: Record<string, string | undefined> = {}
	): Promise<string> {
		const [file = '', ...args] = command;
		const env = { ...process.env, PLUMBLINE_DATA: product.dataDir, ...environment };
		return await new Promise((done) => {
			execFile(file, args, { env }, (error, output, errors) => done(`${output}${errors}${error ? 'FAILED' : ''}`));
		});
	}

	test('turn up nowhere: not in answers, frames, pages, logs, documents, exports or backups', async ({ page }) => {
		const canaries = new Canaries();
		canaries.plant('token', TOKEN);
		canaries.plant('wrong token', WRONG);
		canaries.plant('mail password', MAIL);
		canaries.plant('client secret', CLIENT);
		canaries.plant('password of the account', OWNER.password);
		const adminKey = readFileSync(join(product.dataDir, 'admin.key'), 'utf8').trim();
		const access = { url: runningUrl(product.dataDir) ?? '', adminKey };
		const before = await readVariables(access);
		for (const name of [SECRET_KEYS, 'BETTER_AUTH_SECRET', 'PLUMBLINE_PROXY_SECRET']) {
			canaries.plant(name, before.get(name)?.split(':').at(-1) ?? '');
		}
		canaries.plant('admin key', adminKey);

		canaries.listenTo(page);
		await enter(page, product);
		const dialog = await openConnectDialog(page, product, 'Prometheus');
		await dialog.getByLabel('Address', { exact: true }).fill(echo.url);
		const token = dialog.getByLabel('Bearer token').first();
		await token.fill(WRONG);
		await dialog.getByRole('button', { name: /^Test/ }).click();
		await expect(dialog.getByText(/401|refused/i).first()).toBeVisible();
		canaries.hear('dialog after the failing test', await dialog.innerText());
		await token.fill(TOKEN);
		await testConnection(dialog, {});
		await connect(page, dialog);

		await openConnection(page, product, 'Prometheus');
		echo.broken = true;
		await syncNow(page, /Failed|Partial/);
		canaries.hear('page after the failing sync', await page.content());
		echo.broken = false;
		await page.getByRole('button', { name: 'Rename' }).click();
		await page.getByLabel('Name of the connection').fill('Renamed');
		await page.getByRole('button', { name: 'Rename' }).click();
		await expect(page.getByRole('heading', { name: 'Renamed' })).toBeVisible();
		for (const path of ['/', '/dashboards', '/integrations', '/metrics', '/settings/audit']) {
			await page.goto(product.url + path);
			canaries.hear(`page ${path}`, await page.content());
		}
		const csv = await page.request.get(`${product.url}/settings/audit/export.csv`);
		expect(csv.status()).toBe(200);
		canaries.hear('audit log as CSV', await csv.text());
		expect(await csv.text()).toContain('connection.renamed');

		const zip = join(product.dataDir, '..', `export-${Date.now()}.zip`);
		canaries.hear('output of the export', await run(convexCommand('export', '--path', zip), convexEnvironment(access)));
		const tables = await canaries.hearZip(zip);
		for (const table of ['connections', 'credentials', 'syncRuns', 'auditEvents']) {
			expect(tables).toContain(`${table}/documents.jsonl`);
		}
		const backup = `${zip}.backup`;
		canaries.hear('output of the backup', await run([process.execPath, 'scripts/backup.ts', backup]));
		expect(canaries.hearFolder(backup)).toBeGreaterThan(0);
		// The product's own files, but for the two that are keys.
		canaries.hearFolder(product.dataDir, ['admin.key', 'signing.key']);
		canaries.hear('log of the product', product.output);

		expect(await canaries.found()).toEqual([]);
		for (const place of [
			'answer of',
			'frame to',
			'frame from',
			'headers of',
			'documents.jsonl',
			'data.sqlite',
			'log of'
		]) {
			expect([place, canaries.count(place)]).not.toEqual([place, 0]);
		}
		expect(echo.requests).toBeGreaterThan(3);
	});

	test('survive a change of the key that is killed again and again, while the product goes on', async ({ page }) => {
		const adminKey = readFileSync(join(product.dataDir, 'admin.key'), 'utf8').trim();
		const access = { url: runningUrl(product.dataDir) ?? '', adminKey };
		const ring = async () => (await readVariables(access)).get(SECRET_KEYS) ?? '';
		const old = await ring();
		await enter(page, product);
		await openConnection(page, product, 'Prometheus');
		for (let attempt = 0; attempt < 4; attempt += 1) {
			const env = { ...process.env, PLUMBLINE_DATA: product.dataDir };
			const child = spawn(process.execPath, ['scripts/rotate-keys.ts'], { env, stdio: 'ignore' });
			const ended = once(child, 'exit');
			// Until the new key is there, or a little later.
			await expect.poll(async () => (await ring()) !== old || child.exitCode !== null).toBe(true);
			for (let pause = 0; pause < attempt; pause += 1) await ring();
			child.kill('SIGKILL');
			await ended;
			expect((await ring()).split(',').length).toBeLessThanOrEqual(2);
		}
		const said = await run([process.execPath, 'scripts/rotate-keys.ts']);
		expect(said).not.toContain('FAILED');
		expect((await ring()).split(',')).toHaveLength(1);
		expect(await ring()).not.toBe(old);
		expect(said).not.toContain((await ring()).split(':')[1]);
		await syncNow(page, /Succeeded|Partial/);
		await page.goto(`${product.url}/settings/audit`);
		const told = page.getByRole('listitem').filter({ hasText: 'changed the key that encrypts credentials' });
		await expect(told.first()).toBeVisible();
	});
});
