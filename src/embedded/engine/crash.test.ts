import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Corpus, eventually } from '../corpus/harness.ts';
import { killEngineOf } from '../fuzz/kill/processes.ts';
import { createEngine } from './client.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'embedded-crash-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

const settings = {
	dataDir,
	appDir: dataDir,
	cloudUrl: 'http://127.0.0.1:4001',
	siteUrl: 'http://127.0.0.1:4002',
	durability: 'normal'
} as const;

/** A server that deploys the corpus, writes without end, and never closes. */
const SERVER = `
	import { createEngine } from ${JSON.stringify(fileURLToPath(new URL('./client.ts', import.meta.url)))};
	import { bundleCorpus } from ${JSON.stringify(fileURLToPath(new URL('../corpus/bundle.ts', import.meta.url)))};
	import { deploy } from ${JSON.stringify(fileURLToPath(new URL('../corpus/harness.ts', import.meta.url)))};
	const engine = await createEngine(${JSON.stringify(settings)});
	const bundle = await bundleCorpus();
	await deploy(engine, bundle);
	const call = (path, args) => ({ path, args: JSON.stringify([args]), componentPath: '', identity: { kind: 'none' }, caller: 'client', requestId: 'x' });
	for (let day = 0; ; day++) {
		const { ts } = await engine.mutation(call('items:insert', { name: 'x', day }));
		console.log(JSON.stringify({ day, ts: String(ts) }));
		if (day === 200) engine.querySet([{ ...call('runtime:loops', {}), journal: null }]);
	}
`;

const Line = z.object({ day: z.number(), ts: z.string() });

describe('a server that is killed', () => {
	it('leaves every mutation that it answered, and nothing that holds the store', async () => {
		const server = spawn(process.execPath, ['--input-type=module', '-e', SERVER], {
			stdio: ['ignore', 'pipe', 'inherit']
		});
		let output = '';
		server.stdout.on('data', (chunk: Buffer) => {
			output += chunk.toString();
			// The endless loop holds the engine from here on.
			if (output.includes('"day":200')) setTimeout(() => server.kill('SIGKILL'), 100);
		});
		await once(server, 'exit');
		const last = Line.parse(JSON.parse(output.trim().split('\n').at(-1) ?? ''));
		expect(last.day).toBeGreaterThanOrEqual(200);

		const engine = await createEngine(settings);
		const { outcome } = await engine.mutation({
			path: 'items:insert',
			args: JSON.stringify([{ name: 'after', day: 1e6 }]),
			componentPath: '',
			identity: { kind: 'none' },
			caller: 'client',
			requestId: 'x'
		});
		expect(outcome.ok).toBe(true);
		expect(engine.latestTs()).toBeGreaterThan(BigInt(last.ts));
		const { page } = await engine.tableData({
			componentPath: '',
			table: 'items',
			order: 'desc',
			numItems: 3,
			cursor: null
		});
		const days = z
			.array(z.object({ day: z.number() }))
			.parse(JSON.parse(page))
			.map(({ day }) => day);
		expect(days[0]).toBe(1e6);
		expect(days[1]).toBeGreaterThanOrEqual(last.day);
		await engine.close();
	});
});

describe.runIf(process.platform === 'linux')('an engine process that is killed from outside', () => {
	it('runs the mutation of a session once, whenever it comes', async () => {
		const corpus = await Corpus.start();
		try {
			for (let round = 0; round < 6; round++) {
				const call = corpus.call('items:insertMany', { from: round * 10_000, count: 400 });
				const running = corpus.engine.mutation(call, { sessionId: 'one', requestId: round });
				await new Promise((resolve) => setTimeout(resolve, round * 9));
				killEngineOf(process.pid);
				expect((await running).outcome).toMatchObject({ ok: true });
				const items = await corpus.query('items:byDay', { from: round * 10_000, to: round * 10_000 + 9_999 });
				expect(items).toHaveLength(400);
			}
		} finally {
			await corpus.close();
		}
	}, 60_000);

	it('runs what was scheduled once', async () => {
		const corpus = await Corpus.start();
		try {
			for (let round = 0; round < 5; round++) {
				const ran = corpus.engine.mutation(corpus.call('ledger:batch', { batch: `${round}`, rows: 3 }), {
					sessionId: 'one',
					requestId: round
				});
				expect((await ran).outcome).toMatchObject({ ok: true });
				await new Promise((resolve) => setTimeout(resolve, round * 4));
				killEngineOf(process.pid);
			}
			const marks = async () => await corpus.query('ledger:marks', { kind: 'mutation' });
			const expected = Array.from({ length: 5 }, (_, round) => `${round}`);
			await eventually(marks, (found) => Array.isArray(found) && found.length >= expected.length);
			expect(await marks()).toEqual(expected);
			await eventually(
				async () => await corpus.query('events:jobs'),
				(jobs) => !JSON.stringify(jobs).match(/pending|inProgress/)
			);
		} finally {
			await corpus.close();
		}
	}, 60_000);
});
