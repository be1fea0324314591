/** Sudden deaths in the middle of an import: nothing of it is ever seen, and the next one goes through. */
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { DeployedApp, FAST } from '../deployedApp.testing.ts';
import { PATIENT } from '../patience.testing.ts';
import { killEngineOf } from '../fuzz/kill/processes.ts';
import { indexFaults } from '../store/integrity.ts';
import { SqliteStore } from '../store/store.ts';
import type { DeploymentProcess } from '../testApp.testing.ts';
import { TestImport } from './importing.testing.ts';

const ROWS = 20_000;
const FILE = Array.from({ length: ROWS }, (_, i) => JSON.stringify({ name: `imported ${i}`, value: i })).join('\n');
const REPLACE = { tableName: 'counters', mode: 'replace', format: 'jsonLines' } as const;

let app: DeployedApp<DeploymentProcess>;

beforeAll(async () => {
	app = await DeployedApp.startApart();
	await app.convex('deploy', '-y', ...FAST);
	await app.mutation('messages:add', { name: 'before', by: 1 });
}, 60_000);

afterAll(() => app?.close());

/** Begins an import, and returns when some of its rows are in the file. */
async function underWay(): Promise<TestImport> {
	const running = await TestImport.upload(app, FILE, REPLACE);
	expect(await running.inspected()).toMatchObject({ state: 'waiting_for_confirmation' });
	await running.confirm();
	for (;;) {
		const { state, progress_message: progress = '' } = await running.state();
		expect(state).toBe('in_progress');
		if (/\d+ documents/.test(progress)) return running;
		await setImmediate();
	}
}

/** Stops the deployment and looks into what it left: faults, hidden tables and their rows. */
async function left() {
	await app.client.close();
	await app.deployment.close();
	const store = SqliteStore.open(path.join(app.dataDir, 'data.sqlite'));
	const found = {
		faults: indexFaults(store),
		hidden: store.database.rows("SELECT name FROM tables WHERE state = 'hidden'"),
		documents: store.database.row(
			'SELECT count(*) FROM docs WHERE tbl IN (SELECT num FROM tables WHERE state = ?)',
			'hidden'
		)?.[0]
	};
	store.close();
	await app.startAgain();
	return found;
}

const NOTHING_LEFT = { faults: [], hidden: [], documents: 0 };

test.each([
	['the engine process', false],
	['the whole deployment', true]
])('of %s', { timeout: 60_000 }, async (_what, whole) => {
	const running = await underWay();
	if (whole) {
		app.deployment.child.kill('SIGKILL');
		await app.deployment.ended;
		await app.startAgain();
	} else {
		killEngineOf(app.deployment.child.pid ?? 0);
		const ended = await running.end();
		expect(ended.state).toBe('failed');
		expect(ended.error_message).toContain('was interrupted by a restart, and nothing was imported. Start it again.');
	}
	expect(await app.query('messages:counter', { name: 'before' })).toBe(1);
	expect(await app.query('messages:counter', { name: 'imported 0' })).toBe(0);
	await vi.waitFor(async () => expect(await left()).toEqual(NOTHING_LEFT), PATIENT);
	app.write('again.jsonl', FILE);
	const output = await app.convex('import', '--table', 'counters', '--append', 'again.jsonl');
	expect(output).toContain(`Added ${ROWS} documents to table "counters"`);
	expect(await app.query('messages:counter', { name: `imported ${ROWS - 1}` })).toBe(ROWS - 1);
	app.write('before.jsonl', JSON.stringify({ name: 'before', value: 1 }));
	await app.convex('import', '--table', 'counters', '--replace', '-y', 'before.jsonl');
	await vi.waitFor(async () => expect(await left()).toEqual(NOTHING_LEFT), PATIENT);
});
