/** The whole product in its production form, on a data folder of its own: what a person would start. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cookie } from '@playwright/test';
import { choosePort } from '../../scripts/product/ports.ts';

export class Product {
	readonly url: string;
	readonly dataDir: string;
	/** Everything it printed, for secrets that must not be there. */
	output = '';
	/** Of a browser in which the owner is signed in; empty until journeys.ts has made the account. */
	cookies: Cookie[] = [];
	readonly #port: number;
	readonly #convexPort: number;
	readonly #environment: Readonly<Record<string, string>>;
	#child: ChildProcess | null = null;

	private constructor(port: number, convexPort: number, environment: Readonly<Record<string, string>>) {
		this.#port = port;
		this.#convexPort = convexPort;
		this.#environment = environment;
		this.url = `http://127.0.0.1:${port}`;
		this.dataDir = mkdtempSync(join(tmpdir(), 'plumbline-e2e-'));
	}

	/** Starts a fresh product; `environment` adds settings such as INTEGRATION_BASE_URL_GITHUB. */
	static async start(environment: Readonly<Record<string, string>> = {}): Promise<Product> {
		const start = 24_000 + Math.floor(Math.random() * 2_000);
		const port = await choosePort('PORT', null, start, '127.0.0.1');
		const convexPort = await choosePort('CONVEX_PORT', null, start + 3_000, '127.0.0.1', 2);
		const product = new Product(port, convexPort, environment);
		await product.resume();
		return product;
	}

	/** Starts it again on the same ports and data. */
	async resume(): Promise<void> {
		const child = spawn(process.execPath, ['scripts/start.ts'], {
			env: {
				...process.env,
				PORT: String(this.#port),
				CONVEX_PORT: String(this.#convexPort),
				PLUMBLINE_DATA: this.dataDir,
				CONVEX_DEPLOYMENT: '',
				CONVEX_SELF_HOSTED_URL: '',
				CONVEX_URL: '',
				...this.#environment
			},
			stdio: ['ignore', 'pipe', 'pipe']
		});
		this.#child = child;
		await new Promise<void>((ready, fail) => {
			const timer = setTimeout(() => fail(new Error(`Not ready in 60 s:\n${this.output}`)), 60_000);
			const hear = (chunk: Buffer) => {
				this.output += chunk.toString('utf8');
				if (this.output.includes('Ready: open ')) {
					clearTimeout(timer);
					ready();
				}
			};
			child.stdout.on('data', hear);
			child.stderr.on('data', hear);
			child.once('exit', (code) => fail(new Error(`The product ended with code ${code}:\n${this.output}`)));
		});
	}

	/** Asks it to stop, as an operator would; gives the exit code and how long it took in ms. */
	async stop(): Promise<{ code: number | null; milliseconds: number }> {
		const child = this.#child;
		this.#child = null;
		if (child === null) return { code: 0, milliseconds: 0 };
		const started = performance.now();
		this.output = this.output.replaceAll('Ready: open', 'Was ready:');
		const ended = once(child, 'exit');
		child.kill('SIGTERM');
		await ended;
		return { code: child.exitCode, milliseconds: performance.now() - started };
	}

	async close(): Promise<void> {
		await this.stop();
		rmSync(this.dataDir, { recursive: true, force: true });
	}
}
