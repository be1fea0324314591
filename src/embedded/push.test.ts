/** Pushes that take their time, by the unmodified CLI: a table of many documents, clients that go on, sudden deaths. */
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { DeployedApp, FAST } from './deployedApp.testing.ts';
import { PATIENT } from './patience.testing.ts';
import { killEngineOf } from './fuzz/kill/processes.ts';
import { indexFaults } from './store/integrity.ts';
import { SqliteStore } from './store/store.ts';
import type { DeploymentProcess } from './testApp.testing.ts';

const DOCUMENTS = 24_000;
const BATCH = 4_000;
const DEPLOY = ['deploy', '-y', ...FAST];

/** `n` counts up; `half` is 0 or 1. What is asked for by indexes is there before they are. */
const ROWS = `
	import { internalMutationGeneric, mutationGeneric, queryGeneric } from 'convex/server';
	import { v } from 'convex/values';
	export const fill = internalMutationGeneric({
		args: { from: v.number(), count: v.number() },
		handler: async ({ db }, { from, count }) => {
			for (let n = from; n < from + count; n++) await db.insert('rows', { n, half: n % 2, text: 'row ' + n });
		}
	});
	export const add = mutationGeneric({ args: { n: v.number() }, handler: async ({ db }, { n }) => void (await db.insert('rows', { n, half: n % 2, text: 'row ' + n })) });
	export const spoil = internalMutationGeneric({
		args: { n: v.number() },
		handler: async ({ db }, { n }) => {
			const row = await db.query('rows').withIndex('by_n', (q) => q.eq('n', n)).unique();
			await db.patch(row._id, { text: undefined });
			return row._id;
		}
	});
	export const mend = internalMutationGeneric({ args: { id: v.id('rows') }, handler: async ({ db }, { id }) => void (await db.patch(id, { text: 'mended' })) });
	export const newest = queryGeneric({ args: {}, handler: async ({ db }) => (await db.query('rows').withIndex('by_n').order('desc').first())?.n ?? null });
	export const byText = queryGeneric({
		args: { text: v.string() },
		handler: async ({ db }, { text }) => (await db.query('rows').withIndex('by_text', (q) => q.eq('text', text)).collect()).map(({ n }) => n)
	});
	export const indexed = queryGeneric({
		args: { index: v.string(), half: v.number() },
		handler: async ({ db }, { index, half }) => {
			const found = await db.query('rows').withIndex(index, (q) => q.eq('half', half)).take(3);
			const last = await db.query('rows').withIndex(index, (q) => q.eq('half', half)).order('desc').first();
			return { first: found.map(({ n }) => n), last: last?.n };
		}
	});
	export const version = queryGeneric({ args: {}, handler: async () => 1 });`;

function schema(indexes = '', text = 'v.optional(v.string())'): string {
	return `
		import { defineSchema, defineTable } from 'convex/server';
		import { v } from 'convex/values';
		export default defineSchema({
			rows: defineTable({ n: v.number(), half: v.number(), text: ${text} }).index('by_n', ['n'])${indexes}
		});`;
}

const BY_HALF = `.index('by_half', ['half'])`;
const STAGED = `.index('by_half', { fields: ['half'], staged: true })`;
const pushAnswer = z.record(z.string(), z.unknown());
const indexed = z.object({ first: z.array(z.number()), last: z.number() });

let app: DeployedApp<DeploymentProcess>;
let documents = 0;

beforeAll(async () => {
	app = await DeployedApp.startApart();
	app.write('convex/rows.ts', ROWS);
	app.write('convex/schema.ts', schema());
	await app.convex(...DEPLOY);
	for (; documents < DOCUMENTS; documents += BATCH) {
		const { status } = await app.asAdmin('mutation', 'rows:fill', { from: documents, count: BATCH });
		expect(status).toBe('success');
	}
}, 120_000);

afterEach(async () => {
	app.write('convex/schema.ts', schema());
	await app.convex(...DEPLOY);
	await vi.waitFor(whole, PATIENT);
}, 120_000);

afterAll(() => app?.close());

/** Stops the deployment, compares all indexes with the documents, and starts it again. */
async function whole(): Promise<void> {
	await app.client.close();
	await app.deployment.close();
	const found = left();
	await app.startAgain();
	expect(found).toEqual({ faults: [], unfinished: [] });
}

/** What a deployment that has ended left: faults of its indexes, and the indexes that were not done. */
function left(): { readonly faults: string[]; readonly unfinished: unknown[] } {
	const store = SqliteStore.open(path.join(app.dataDir, 'data.sqlite'));
	try {
		const unfinished = store.database.rows("SELECT name FROM indexes WHERE state = 'backfilling'").flat();
		return { faults: indexFaults(store), unfinished };
	} finally {
		store.close();
	}
}

async function byHalf(half: number): Promise<z.infer<typeof indexed> | string> {
	try {
		return indexed.parse(await app.query('rows:indexed', { index: 'by_half', half }));
	} catch (error) {
		return /Index rows\.by_half [a-z ]+/.exec(String(error))?.[0] ?? String(error);
	}
}

/** Waits for the moment at which an index is being filled. */
async function filling(): Promise<void> {
	const deadline = Date.now() + PATIENT.timeout;
	while ((await byHalf(0)) !== 'Index rows.by_half is currently backfilling and not available to query yet') {
		if (Date.now() > deadline) throw new Error('nothing is being filled');
		await setImmediate();
	}
}

describe('a push to a table of many documents', { timeout: 180_000 }, () => {
	test('clients are answered meanwhile, and have the index when it is over, with what they have written', async () => {
		app.write('convex/schema.ts', schema(BY_HALF));
		app.write('convex/rows.ts', ROWS.replace('=> 1 });', '=> 2 });'));
		const pushing = { is: true };
		const push = app.convex(...DEPLOY).finally(() => (pushing.is = false));
		const answers: { readonly version: unknown; readonly found: Awaited<ReturnType<typeof byHalf>> }[] = [];
		while (pushing.is) {
			await app.mutation('rows:add', { n: documents++ });
			expect(await app.query('rows:newest')).toBe(documents - 1);
			answers.push({ version: await app.query('rows:version'), found: await byHalf((documents - 1) % 2) });
		}
		expect(await push).toContain('[+] rows.by_half');
		const unready = answers.filter(({ found }) => typeof found === 'string');
		// Some calls came while it was filled, and did not wait for the end.
		expect(new Set(unready.map(({ found }) => found))).toEqual(
			new Set(
				['not found', 'is currently backfilling and not available to query yet'].map(
					(end) => `Index rows.by_half ${end}`
				)
			)
		);
		// Once code and index are there they stay, and nothing is missing from the first answer on.
		expect(unready).toEqual(answers.slice(0, unready.length));
		const half = (documents - 1) % 2;
		expect(await byHalf(half)).toEqual({ first: [half, half + 2, half + 4], last: documents - 1 });
		expect(await app.query('rows:version')).toBe(2);
	});

	test('a schema that the data refuses fails it with table, id and path, and the old code goes on', async () => {
		const { value: id } = await app.asAdmin('mutation', 'rows:spoil', { n: 20_001 });
		app.write('convex/schema.ts', schema(BY_HALF, 'v.string()'));
		app.write('convex/rows.ts', ROWS.replace('=> 1 });', '=> 3 });'));
		const output = await app.refused(...DEPLOY);
		expect(output).toContain('Schema validation failed.');
		expect(output).toContain(`Document with ID "${String(id)}" in table "rows" does not match the schema`);
		expect(output).toContain('Object is missing the required field `text`');
		expect(await app.query('rows:version')).not.toBe(3);
		expect(await byHalf(0)).toBe('Index rows.by_half not found');
		await app.asAdmin('mutation', 'rows:mend', { id: String(id) });
		await app.convex(...DEPLOY);
		expect(await app.query('rows:version')).toBe(3);
		expect(await byHalf(1)).toMatchObject({ first: [1, 3, 5] });
	});
});

describe('indexes, as the CLI tells of them', { timeout: 180_000 }, () => {
	test('a staged one is filled behind the push; it serves when it is enabled, and not when it is staged again', async () => {
		app.write('convex/schema.ts', schema(STAGED));
		expect(await app.convex(...DEPLOY)).toMatch(/Added staged table indexes:\s+\[\+\] rows\.by_half/);
		expect(await byHalf(0)).toBe(
			'Index rows.by_half is currently staged and not available to query until it is enabled'
		);
		await vi.waitFor(whole, PATIENT);
		app.write('convex/schema.ts', schema(BY_HALF));
		expect(await app.convex(...DEPLOY)).toMatch(/These indexes are now enabled:\s+\[\*\] rows\.by_half/);
		expect(await byHalf(0)).toMatchObject({ first: [0, 2, 4] });
		app.write('convex/schema.ts', schema(STAGED));
		expect(await app.convex(...DEPLOY)).toMatch(/These indexes are now staged:\s+\[\*\] rows\.by_half/);
		expect(await byHalf(0)).toContain('currently staged');
	});

	test('one that is enabled before it is filled is waited for', async () => {
		app.write('convex/schema.ts', schema(STAGED));
		await app.convex(...DEPLOY);
		app.write('convex/schema.ts', schema(BY_HALF));
		await app.convex(...DEPLOY);
		expect(await byHalf(1)).toMatchObject({ first: [1, 3, 5] });
	});

	test('one of a large table is deleted only by somebody who says so', async () => {
		app.write('convex/schema.ts', schema(BY_HALF));
		await app.convex(...DEPLOY);
		app.write('.env.local', 'CONVEX_MIN_DOCUMENTS_FOR_INDEX_DELETE_WARNING=20000');
		app.write('convex/schema.ts', schema());
		const output = await app.refused(...DEPLOY);
		expect(output).toMatch(/This code push will delete the following index[^]*rows\.by_half[^]*24,\d{3} documents/);
		expect(await byHalf(0)).toMatchObject({ first: [0, 2, 4] });
		expect(await app.convex(...DEPLOY, '--allow-deleting-large-indexes')).toMatch(/\[-\] rows\.by_half/);
		app.write('.env.local', '');
		expect(await byHalf(0)).toBe('Index rows.by_half not found');
	});
});

test('of two pushes at one time one wins, and the other is told', { timeout: 120_000 }, async () => {
	// The one that wins is evaluated before, so that it comes while the other fills its index.
	app.write('convex/schema.ts', schema(`.index('by_text', ['text'])`));
	await app.convex(...DEPLOY, '--write-push-request', 'request');
	const { adminKey } = app.deployment;
	const push = async (step: string, more: object) =>
		pushAnswer.parse(await (await app.post(`deploy2/${step}`, { adminKey, dryRun: false, ...more })).json());
	const winner = await push('start_push', {
		...pushAnswer.parse(JSON.parse(app.read('request.json'))),
		adminKey,
		dryRun: false
	});
	app.write('convex/schema.ts', schema(BY_HALF));
	const loser = app.refused(...DEPLOY);
	await filling();
	const { schemaChange } = winner;
	await push('wait_for_schema', { schemaChange, timeoutMs: 0 });
	expect(await loser).toContain('Schema was overwritten by another push.');
	expect(await push('wait_for_schema', { schemaChange, timeoutMs: 30_000 })).toEqual({ type: 'complete' });
	expect(await push('finish_push', { startPush: winner })).toHaveProperty('componentDiffs');
	expect(await byHalf(0)).toBe('Index rows.by_half not found');
	expect(await app.asAdmin('query', 'rows:byText', { text: 'row 7' })).toMatchObject({ value: [7] });
});

describe('sudden death in the middle of a push', { timeout: 180_000 }, () => {
	const CHANGES = [
		['indexes are filled', schema(BY_HALF)],
		['documents are checked', schema(BY_HALF, 'v.string()')]
	];

	test.each(CHANGES)('of the engine process while %s: the same push goes through', async (_what, changed) => {
		app.write('convex/schema.ts', changed);
		const push = app.convex(...DEPLOY);
		for (let deaths = 0; deaths < 3; deaths++) {
			await filling();
			killEngineOf(app.deployment.child.pid ?? 0);
		}
		expect(await push).toContain('[+] rows.by_half');
		expect(await byHalf(0)).toMatchObject({ first: [0, 2, 4] });
	});

	test.each(CHANGES)(
		'of the deployment while %s: nothing of it is in force, and another push goes through',
		async (_what, changed) => {
			app.write('convex/schema.ts', changed);
			const push = app.run(...DEPLOY);
			await filling();
			app.deployment.child.kill('SIGKILL');
			await app.deployment.ended;
			await app.client.close();
			expect(left()).toEqual({ faults: [], unfinished: ['by_half'] });
			await app.startAgain();
			expect((await push).output).toContain('This push is no longer known');
			expect(await byHalf(0)).toMatch(/not found|backfilling/);
			await app.convex(...DEPLOY);
			expect(await byHalf(0)).toMatchObject({ first: [0, 2, 4] });
		}
	);
});

// An import that is late finds another schema and is refused, as at Convex: then the moment was missed, and it is tried again.
const MISSED = { timeout: 120_000, retry: 2 };
test('an import meanwhile takes the place of documents that were checked already', MISSED, async () => {
	const { uploadToken } = z
		.object({ uploadToken: z.string() })
		.parse(await (await app.post('import/start_upload', {})).json());
	const rows = Array.from({ length: 5 }, (_, n) => ({ n: n + 0.5, half: n % 2 }));
	await app.post(`import/upload_part?uploadToken=${uploadToken}&partNumber=1`, rows);
	const request = { tableName: 'rows', mode: 'replace', format: 'jsonArray' };
	const finished = await app.post('import/finish_upload', { import: request, uploadToken, partTokens: ['1'] });
	const { importId } = z.object({ importId: z.string() }).parse(await finished.json());
	app.write('convex/schema.ts', schema(BY_HALF));
	const push = app.convex(...DEPLOY);
	await filling();
	await app.post('perform_import', { importId });
	expect(await push).toContain('[+] rows.by_half');
	expect(await byHalf(0)).toEqual({ first: [0.5, 2.5, 4.5], last: 4.5 });
});
