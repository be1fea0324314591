/** A real Prometheus scraping itself on a free loopback port, and a door with a password in front of it. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findPrometheus } from '../../scripts/tools/prometheus.ts';
import { choosePort } from '../../scripts/product/ports.ts';

export class RealPrometheus {
	readonly url: string;
	readonly #port: number;
	readonly #folder: string;
	readonly #binary: string;
	#child: ChildProcess | null = null;

	private constructor(binary: string, port: number, folder: string) {
		this.#binary = binary;
		this.#port = port;
		this.#folder = folder;
		this.url = `http://127.0.0.1:${port}`;
	}

	/** Starts a server that scrapes itself every second. `history` (OpenMetrics text with times) is its past. */
	static async start(history?: string): Promise<RealPrometheus> {
		const binary = findPrometheus();
		if (binary === null) throw new Error('No Prometheus on this machine: apt-get install prometheus.');
		const port = await choosePort('Prometheus', null, 19_090 + Math.floor(Math.random() * 300), '127.0.0.1');
		const folder = mkdtempSync(join(tmpdir(), 'plumbline-prometheus-'));
		const server = new RealPrometheus(binary, port, folder);
		if (history !== undefined) {
			const file = join(folder, 'history.om');
			writeFileSync(file, history);
			const blocks = ['tsdb', 'create-blocks-from', 'openmetrics', file, join(folder, 'data')];
			execFileSync(join(dirname(binary), 'promtool'), blocks, { stdio: 'ignore' });
		}
		await server.resume();
		return server;
	}

	/** Starts it again on the same port with the same data. */
	async resume(): Promise<void> {
		const config = join(this.#folder, 'prometheus.yml');
		mkdirSync(join(this.#folder, 'data'), { recursive: true });
		writeFileSync(
			config,
			`global:\n  scrape_interval: 1s\nscrape_configs:\n  - job_name: prometheus\n    static_configs:\n      - targets: ['127.0.0.1:${this.#port}']\n`
		);
		this.#child = spawn(
			this.#binary,
			[
				`--config.file=${config}`,
				`--storage.tsdb.path=${join(this.#folder, 'data')}`,
				`--web.listen-address=127.0.0.1:${this.#port}`
			],
			{ stdio: 'ignore' }
		);
		const deadline = Date.now() + 20_000;
		// Ready means scraped twice: an increase needs two samples.
		while (Date.now() < deadline) {
			const answer = await fetch(
				`${this.url}/api/v1/query?query=increase(prometheus_tsdb_head_samples_appended_total[1m])>0`
			).then(
				(response) => response.text(),
				() => ''
			);
			if (answer.includes('"value"')) return;
			await new Promise((settle) => setTimeout(settle, 200));
		}
		throw new Error('Prometheus did not scrape itself within 20 s.');
	}

	/** Stops the server; its data stays. */
	async pause(): Promise<void> {
		const child = this.#child;
		this.#child = null;
		if (child === null || child.exitCode !== null) return;
		const ended = once(child, 'exit');
		child.kill('SIGTERM');
		await ended;
	}

	async close(): Promise<void> {
		await this.pause();
		rmSync(this.#folder, { recursive: true, force: true });
	}
}

/** A reverse proxy that asks for basic auth, as people put in front of Prometheus. */
export async function behindBasicAuth(
	target: string,
	username: string,
	password: string
): Promise<{ url: string; close(): Promise<void> }> {
	const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
	const { hostname, port } = new URL(target);
	const server: Server = createServer((incoming, outgoing) => {
		if (incoming.headers.authorization !== expected) {
			outgoing.writeHead(401, { 'www-authenticate': 'Basic realm="prometheus"' }).end('Unauthorized\n');
			return;
		}
		const onward = request(
			{
				hostname,
				port,
				path: incoming.url,
				method: incoming.method,
				headers: { ...incoming.headers, host: `${hostname}:${port}` }
			},
			(answer) => {
				outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
				answer.pipe(outgoing);
			}
		);
		onward.on('error', () => outgoing.writeHead(502).end());
		incoming.pipe(onward);
	});
	const own = await choosePort('proxy', null, 19_590 + Math.floor(Math.random() * 300), '127.0.0.1');
	server.listen(own, '127.0.0.1');
	await once(server, 'listening');
	return {
		url: `http://127.0.0.1:${own}`,
		close: () =>
			new Promise((closed) => {
				server.close(() => closed());
				server.closeAllConnections();
			})
	};
}
