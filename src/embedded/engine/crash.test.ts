import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
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
	const engine = await createEngine(${JSON.stringify(settings)});
	const bundle = await bundleCorpus();
	const { analysis } = await engine.preparePush(bundle);
	await engine.applyPush(bundle, analysis);
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
