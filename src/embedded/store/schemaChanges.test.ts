import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EVERYTHING } from '../values/keys.ts';
import { Database } from './database.ts';
import { HeldCommitter } from './heldCommitter.testing.ts';
import { indexFaults } from './integrity.ts';
import { SqliteStore } from './store.ts';
import { applySchema, drain, exportedSchema, objectType, read, stepSchema, withFile, write } from './testStore.ts';
import type { SchemaDefinition, SchemaStatus } from './types.ts';

const text = { type: 'string' };
const number = { type: 'number' };
/** More than a step of ten documents can do. */
const MANY = 35;
const STEP = 10;

let store: SqliteStore;
let open: () => SqliteStore;
beforeEach(() => {
	store = open();
});
afterEach(() => {
	expect(indexFaults(store)).toEqual([]);
	store.close();
});

/** Commits that nobody has written yet when the next transaction begins. */
function openHeld(): SqliteStore {
	const database = Database.open(':memory:');
	return SqliteStore.openWith(database, new HeldCommitter(database));
}

function submit(schema: SchemaDefinition | null, { dry = false, now = Date.now() } = {}): string {
	return write(store, (tx) => store.changingSchema(tx).submit(new Map([['', schema]]), dry, now));
}

function finish(schema: SchemaDefinition | null) {
	return write(store, (tx) => store.changingSchema(tx).finish(new Map([['', schema]])));
}

function abandon(id: string): void {
	write(store, (tx) => store.changingSchema(tx).abandon(id));
}

function status(id: string): SchemaStatus | null {
	return store.schemaChanges.status(id);
}

function work(): void {
	while (stepSchema(store, STEP));
}

function fill(table: string, count = MANY): string[] {
	return write(store, (tx) => Array.from({ length: count }, (_, n) => tx.insert('', table, { n, title: `t${n}` })));
}

function scan(index: string, table = 'notes'): number {
	return read(store, (tx) => drain(tx.scan('', table, index, EVERYTHING, 'asc'))).length;
}

function progress(of: SchemaStatus | null) {
	if (of?.type !== 'inProgress') throw new Error(`it is ${of?.type}`);
	return of.components[''];
}

const plain = exportedSchema({ notes: { indexes: { by_n: ['n'] } } });
const typed = exportedSchema({
	notes: { type: objectType({ n: number, title: text }), indexes: { by_title: ['title'] } }
});

describe.each([
	['written at once', () => SqliteStore.open(':memory:')],
	['on their way into the file', openHeld]
])('with commits that are %s', (_name, opening) => {
	beforeAll(() => {
		open = opening;
	});

	describe('a change of the schema', () => {
		test('pending, validated, in force: the old indexes serve until it is finished, the new ones from then on', () => {
			applySchema(store, plain);
			fill('notes');
			const id = submit(typed);
			expect(progress(status(id))).toEqual({ schemaValidationComplete: false, indexesComplete: 1, indexesTotal: 2 });
			for (let n = 0; n < 4; n++) expect(stepSchema(store, STEP)).toBe(true);
			expect(progress(status(id))?.schemaValidationComplete).toBe(false);
			stepSchema(store, STEP);
			expect(progress(status(id))).toEqual({ schemaValidationComplete: true, indexesComplete: 1, indexesTotal: 2 });
			stepSchema(store, STEP);
			expect(indexFaults(store)).toEqual([]);
			expect(() => scan('by_title')).toThrow(
				'Index notes.by_title is currently backfilling and not available to query yet.'
			);
			expect(() => finish(typed)).toThrow('The indexes notes.by_title are not ready.');
			fill('notes', 3);
			work();
			expect(status(id)).toEqual({ type: 'complete' });
			expect(() => scan('by_title')).toThrow('currently backfilling');
			expect(scan('by_n')).toBe(MANY + 3);
			write(store, (tx) => tx.insert('', 'notes', { n: 1, title: 'x' }));
			const diff = finish(typed).get('');
			expect(diff?.removed.map(({ index }) => index.name)).toEqual(['by_n']);
			expect(scan('by_title')).toBe(MANY + 4);
			expect(() => scan('by_n')).toThrow('Index notes.by_n not found.');
			expect(() => write(store, (tx) => tx.insert('', 'notes', { n: 'x' }))).toThrow('does not match the schema');
			expect(status(id)).toBeNull();
			work();
			expect(store.database.row('SELECT count(*), count(DISTINCT ix) FROM idx')).toEqual([MANY + 4, 1]);
		});

		test('pending → failed: a document that is there, named by table, id and path; nothing else has changed', () => {
			applySchema(store, plain);
			const ids = fill('notes');
			write(store, (tx) => tx.patch('', ids[20] ?? '', { title: 5 }));
			const id = submit(typed);
			work();
			expect(status(id)).toEqual({
				type: 'failed',
				componentPath: '',
				tableName: 'notes',
				error: `Document with ID "${ids[20]}" in table "notes" does not match the schema: Value does not match validator.\nPath: .title\nValue: 5.0\nValidator: v.string()`
			});
			expect(() => finish(typed)).toThrow('Schema has already been failed with error: Document with ID');
			expect(store.diffIndexes('', plain).identical).toHaveLength(1);
			expect(store.database.row('SELECT count(DISTINCT ix) FROM idx')).toEqual([1]);
			write(store, (tx) => tx.insert('', 'notes', { title: null }));
			expect(scan('by_n')).toBe(MANY + 1);
		});

		test.each(['pending', 'validated'])(
			'%s → failed: a write that does not fit is kept, and ends the change',
			(when) => {
				fill('notes');
				const id = submit(typed);
				if (when === 'validated') work();
				else stepSchema(store, STEP);
				const written = write(store, (tx) => tx.insert('', 'notes', { n: 1, title: null }));
				expect(read(store, (tx) => tx.get('', written))).not.toBeNull();
				expect(status(id)).toMatchObject({
					type: 'failed',
					tableName: 'notes',
					error: expect.stringMatching(/^New document in table "notes" does not match the schema: [^]*Path: \.title/)
				});
				expect(() => finish(typed)).toThrow('Schema has already been failed');
				work();
				expect(store.database.row('SELECT count(*) FROM idx')).toEqual([0]);
			}
		);

		test('every table is checked, of one component after the other', () => {
			const type = objectType({ n: number, title: text });
			const schemas = new Map([
				['', exportedSchema({ a: { type }, b: { type } })],
				['part', exportedSchema({ a: { type }, b: { type } })]
			]);
			for (const component of ['', 'part']) {
				for (const table of ['a', 'b']) write(store, (tx) => tx.insert(component, table, { n: 1, title: 'x' }));
			}
			const bad = write(store, (tx) => tx.insert('part', 'b', { n: 1 }));
			const id = write(store, (tx) => store.changingSchema(tx).submit(schemas, false, Date.now()));
			for (let n = 0; n < 3; n++) stepSchema(store, STEP);
			expect(status(id)).toMatchObject({
				components: { '': { schemaValidationComplete: true }, part: { schemaValidationComplete: false } }
			});
			stepSchema(store, STEP);
			expect(status(id)).toMatchObject({
				type: 'failed',
				componentPath: 'part',
				tableName: 'b',
				error: expect.stringContaining(`Document with ID "${bad}" in table "b"`)
			});
		});

		test('validated → failed after the file was closed and opened', () => {
			withFile((path) => {
				store.close();
				store = SqliteStore.open(path);
				fill('notes');
				const id = submit(typed);
				work();
				store.close();
				store = SqliteStore.open(path);
				expect(status(id)).toEqual({ type: 'complete' });
				write(store, (tx) => tx.insert('', 'notes', { n: 'x' }));
				expect(status(id)?.type).toBe('failed');
				store.close();
				store = SqliteStore.open(':memory:');
			});
		});

		test('a write that does not fit and is rolled back, whole or in part, leaves the change alone', () => {
			const [first = ''] = fill('notes');
			const id = submit(typed);
			work();
			const whole = store.begin('write');
			whole.insert('', 'notes', { n: 'x' });
			whole.rollback();
			const part = store.begin('write');
			const savepoint = part.savepoint();
			part.patch('', first, { title: 1 });
			savepoint.rollback();
			part.commit();
			expect(status(id)).toEqual({ type: 'complete' });
			const later = store.begin('write');
			later.patch('', first, { title: 1 });
			later.patch('', first, { title: 'again' });
			later.commit();
			expect(status(id)).toMatchObject({ type: 'failed' });
		});

		test('failed → pending: the same schema may be tried again', () => {
			const [id = ''] = fill('notes');
			write(store, (tx) => tx.patch('', id, { title: 5 }));
			const change = submit(typed);
			work();
			expect(status(change)?.type).toBe('failed');
			write(store, (tx) => tx.patch('', id, { title: 'five' }));
			expect(submit(typed)).toBe(change);
			work();
			finish(typed);
			expect(scan('by_title')).toBe(MANY);
		});

		test.each(['pending', 'validated'])('%s → overwritten: another schema takes its place', (when) => {
			fill('notes');
			const id = submit(typed);
			if (when === 'validated') work();
			const other = submit(plain);
			expect(status(id)).toEqual({ type: 'raceDetected' });
			expect(() => finish(typed)).toThrow('Schema has already been overwritten.');
			write(store, (tx) => tx.insert('', 'notes', { n: 1, title: null }));
			work();
			expect(status(other)).toEqual({ type: 'complete' });
			finish(plain);
			expect(scan('by_n')).toBe(MANY + 1);
			expect(() => scan('by_title')).toThrow('not found');
		});

		test('two pushes of one schema share the change, and both finish', () => {
			fill('notes');
			const id = submit(typed);
			work();
			expect(submit(typed)).toBe(id);
			expect(status(id)).toEqual({ type: 'complete' });
			finish(typed);
			finish(typed);
			expect(scan('by_title')).toBe(MANY);
		});

		test.each(['pending', 'validated'])('%s → abandoned: indexes are again those of the schema in force', (when) => {
			applySchema(store, exportedSchema({ notes: { indexes: { by_n: ['n'] }, staged: { by_s: ['title'] } } }));
			fill('notes');
			const id = submit(typed);
			if (when === 'validated') work();
			abandon('another');
			expect(status(id)).not.toBeNull();
			abandon(id);
			expect(status(id)).toBeNull();
			write(store, (tx) => tx.insert('', 'notes', { n: 1, title: null }));
			work();
			expect(scan('by_n')).toBe(MANY + 1);
			expect(() => scan('by_s')).toThrow('currently staged');
			expect(store.database.row('SELECT count(*), count(DISTINCT ix) FROM idx')).toEqual([2 * (MANY + 1), 2]);
			expect(() => finish(typed)).toThrow('has not been checked');
		});

		test('a dry run checks documents and fills no index', () => {
			fill('notes');
			const id = submit(typed, { dry: true });
			expect(progress(status(id))).toEqual({ schemaValidationComplete: false, indexesComplete: 0, indexesTotal: 0 });
			work();
			expect(status(id)).toEqual({ type: 'complete' });
			expect(store.database.row('SELECT count(*) FROM indexes')).toEqual([0]);
			expect(() => finish(typed)).toThrow('has not been checked');
			abandon(id);
			expect(store.database.row('SELECT count(*) FROM schema_changes')).toEqual([0]);
		});

		test('ended changes are forgotten after an hour', () => {
			const now = Date.now();
			submit(typed, { now });
			submit(plain, { now });
			submit(null, { now: now + 3_600_000 });
			expect(store.database.row('SELECT count(*) FROM schema_changes')).toEqual([3]);
			submit(typed, { now: now + 3_600_001 });
			expect(store.database.row("SELECT count(*) FROM schema_changes WHERE state = 'overwritten'")).toEqual([1]);
		});

		test('a change that is rolled back has not begun', () => {
			fill('notes');
			const tx = store.begin('write');
			store.changingSchema(tx).submit(new Map([['', typed]]), false, Date.now());
			tx.rollback();
			expect(store.schemaChanges.openId).toBeNull();
			write(store, (next) => next.insert('', 'notes', { title: null }));
			expect(() => scan('by_title')).toThrow('not found');
		});

		test('documents of a table whose type stays are not read again', () => {
			applySchema(store, typed);
			fill('notes');
			const schemas = new Map([['', { ...typed, tables: [...typed.tables, ...exportedSchema({ more: {} }).tables] }]]);
			expect(store.tablesToCheck(schemas)).toEqual([]);
		});

		test('tables of other components are left alone', () => {
			applySchema(store, plain, 'part');
			write(store, (tx) => tx.insert('part', 'notes', { n: 1 }));
			applySchema(store, typed);
			expect(read(store, (tx) => drain(tx.scan('part', 'notes', 'by_n', EVERYTHING, 'asc')))).toHaveLength(1);
			const id = submit(plain);
			write(store, (tx) => tx.insert('part', 'notes', { n: 'x' }));
			work();
			expect(status(id)).toEqual({ type: 'complete' });
		});
	});

	describe('indexes', () => {
		const staged = exportedSchema({ notes: { staged: { by_n: ['n'] } } });

		test('a staged one is filled after the push, is refused by name, and serves at once when it is enabled', () => {
			fill('notes');
			const id = submit(staged);
			stepSchema(store, STEP);
			expect(status(id)).toEqual({ type: 'complete' });
			finish(staged);
			expect(() => scan('by_n')).toThrow(
				'Index notes.by_n is currently staged and not available to query until it is enabled.'
			);
			work();
			const diff = store.diffIndexes('', plain);
			expect(diff.enabled.map(({ existing }) => existing?.state)).toEqual(['ready']);
			expect([...diff.added, ...diff.removed]).toEqual([]);
			const enabling = submit(plain);
			expect(stepSchema(store, STEP)).toBe(true);
			expect(status(enabling)).toEqual({ type: 'complete' });
			expect(() => scan('by_n')).toThrow('currently backfilling');
			finish(plain);
			expect(scan('by_n')).toBe(MANY);
		});

		test('one that is enabled before it is filled is waited for', () => {
			fill('notes');
			submit(staged);
			stepSchema(store, STEP);
			finish(staged);
			const id = submit(plain);
			stepSchema(store, STEP);
			expect(progress(status(id))).toMatchObject({ indexesComplete: 0, indexesTotal: 1 });
			work();
			finish(plain);
			expect(scan('by_n')).toBe(MANY);
		});

		test('one that serves and becomes staged keeps its entries', () => {
			applySchema(store, plain);
			fill('notes');
			expect(store.diffIndexes('', staged).disabled).toHaveLength(1);
			submit(staged);
			work();
			expect(scan('by_n')).toBe(MANY);
			finish(staged);
			expect(() => scan('by_n')).toThrow('currently staged');
			fill('notes', 2);
			submit(plain);
			stepSchema(store, STEP);
			finish(plain);
			expect(scan('by_n')).toBe(MANY + 2);
		});

		test('one whose fields change serves with the old ones until the push is finished', () => {
			applySchema(store, plain);
			fill('notes');
			const changed = exportedSchema({ notes: { indexes: { by_n: ['title'] } } });
			expect(store.diffIndexes('', changed)).toMatchObject({
				added: [{ table: 'notes' }],
				removed: [{ table: 'notes' }]
			});
			submit(changed);
			work();
			expect(read(store, (tx) => tx.indexFields('', 'notes', 'by_n'))).toEqual(['n', '_creationTime']);
			// Back to what serves: what was built for nothing goes.
			submit(plain);
			work();
			expect(store.database.row('SELECT count(DISTINCT ix) FROM idx')).toEqual([1]);
			submit(changed);
			work();
			finish(changed);
			expect(read(store, (tx) => tx.indexFields('', 'notes', 'by_n'))).toEqual(['title', '_creationTime']);
			expect(scan('by_n')).toBe(MANY);
		});

		test('a dropped one disappears in steps, which do not hold back a new one of its name', () => {
			applySchema(store, plain);
			fill('notes');
			submit(null);
			stepSchema(store, STEP);
			finish(null);
			stepSchema(store, STEP);
			expect(store.database.row('SELECT count(*) FROM idx')).toEqual([MANY - STEP]);
			submit(plain);
			work();
			finish(plain);
			expect(scan('by_n')).toBe(MANY);
			work();
			expect(store.database.row('SELECT count(*) FROM idx')).toEqual([MANY]);
		});
	});

	test('a file that is closed at any moment goes on where it was', () => {
		withFile((path) => {
			for (let steps = 0; ; steps++) {
				const file = `${path}.${steps}`;
				const reopen = (): void => {
					store.close();
					store = SqliteStore.open(file);
				};
				store.close();
				store = SqliteStore.open(file);
				applySchema(store, plain);
				fill('notes');
				const id = submit(typed);
				let more = true;
				for (let n = 0; n < steps && more; n++) more = stepSchema(store, STEP);
				reopen();
				const before = status(id);
				if (before?.type === 'inProgress') expect(() => finish(typed)).toThrow();
				write(store, (tx) => tx.insert('', 'notes', { n: 1, title: 'later' }));
				expect(indexFaults(store)).toEqual([]);
				work();
				expect(status(id)).toEqual({ type: 'complete' });
				reopen();
				finish(typed);
				reopen();
				work();
				expect(scan('by_title')).toBe(MANY + 1);
				expect(store.database.row('SELECT count(DISTINCT ix) FROM idx')).toEqual([1]);
				expect(() => write(store, (tx) => tx.insert('', 'notes', { n: 'x' }))).toThrow('does not match the schema');
				if (!more) break;
			}
			// Closed before the directory goes.
			store.close();
			store = SqliteStore.open(':memory:');
		});
	});

	type Step =
		| { type: 'insert'; n: number | string }
		| { type: 'patch'; at: number; n: number | string }
		| { type: 'remove'; at: number }
		| { type: 'submit' | 'finish' | 'dry'; schema: number }
		| { type: 'work'; documents: number }
		| { type: 'abandon' };

	const numbers = objectType({ n: number });
	const SCHEMAS: readonly (SchemaDefinition | null)[] = [
		null,
		exportedSchema({ notes: { indexes: { a: ['n'] } } }),
		exportedSchema({ notes: { staged: { a: ['n'] } } }),
		exportedSchema({ notes: { indexes: { a: ['n', 'x'], b: ['x'] } } }),
		exportedSchema({ notes: { staged: { a: ['n', 'x'] }, indexes: { b: ['n'] } } }),
		exportedSchema({ notes: { type: numbers, indexes: { a: ['n'] } } }),
		exportedSchema({ notes: { type: numbers, staged: { b: ['n'] } }, other: { indexes: { a: ['n'] } } })
	];

	const value = fc.oneof(
		{ weight: 5, arbitrary: fc.integer({ min: 0, max: 3 }) },
		{ weight: 1, arbitrary: fc.constant('x') }
	);
	const schema = fc.nat(SCHEMAS.length - 1);
	const step: fc.Arbitrary<Step> = fc.oneof(
		{ weight: 5, arbitrary: fc.record({ type: fc.constant('insert' as const), n: value }) },
		{ weight: 3, arbitrary: fc.record({ type: fc.constant('patch' as const), at: fc.nat(), n: value }) },
		{ weight: 2, arbitrary: fc.record({ type: fc.constant('remove' as const), at: fc.nat() }) },
		{ weight: 4, arbitrary: fc.record({ type: fc.constantFrom('submit' as const, 'finish' as const), schema }) },
		{ weight: 1, arbitrary: fc.record({ type: fc.constant('dry' as const), schema }) },
		{
			weight: 8,
			arbitrary: fc.record({ type: fc.constant('work' as const), documents: fc.integer({ min: 1, max: 4 }) })
		},
		{ weight: 1, arbitrary: fc.constant({ type: 'abandon' as const }) }
	);

	test('random changes and writes: indexes equal documents, and every document fits the schema in force', () => {
		fc.assert(
			fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
				store.close();
				store = SqliteStore.open(':memory:');
				const values = new Map<string, number | string>();
				let inForce: SchemaDefinition | null = null;
				const numbersOnly = (): boolean =>
					inForce?.tables.some(({ name, documentType }) => name === 'notes' && documentType !== null) ?? false;
				const at = (n: number): string => [...values.keys()][n % Math.max(values.size, 1)] ?? '';
				for (const one of steps) {
					const refused = 'n' in one && one.n === 'x' && numbersOnly();
					if (one.type === 'insert') {
						const insert = () =>
							values.set(
								write(store, (tx) => tx.insert('', 'notes', { n: one.n })),
								one.n
							);
						if (refused) expect(insert).toThrow('does not match the schema');
						else insert();
					} else if (one.type === 'patch' && values.size > 0) {
						const id = at(one.at);
						const patch = () => write(store, (tx) => tx.patch('', id, { n: one.n }));
						if (refused) expect(patch).toThrow('does not match the schema');
						else {
							patch();
							values.set(id, one.n);
						}
					} else if (one.type === 'remove' && values.size > 0) {
						const id = at(one.at);
						write(store, (tx) => tx.remove('', id));
						values.delete(id);
					} else if (one.type === 'submit' || one.type === 'dry') {
						submit(SCHEMAS[one.schema] ?? null, { dry: one.type === 'dry' });
					} else if (one.type === 'work') {
						stepSchema(store, one.documents);
					} else if (one.type === 'abandon') {
						abandon(store.schemaChanges.openId ?? '');
					} else if (one.type === 'finish') {
						const next = SCHEMAS[one.schema] ?? null;
						try {
							finish(next);
							inForce = next;
						} catch (error) {
							if (!(error instanceof Error) || !/Schema has already|Try again/.test(error.message)) throw error;
						}
					}
					expect(indexFaults(store)).toEqual([]);
					if (numbersOnly()) expect([...values.values()]).not.toContain('x');
					for (const { name, staged } of inForce?.tables.find((table) => table.name === 'notes')?.indexes ?? []) {
						if (staged) expect(() => scan(name)).toThrow(/staged|backfilling/);
						else expect(scan(name)).toBe(values.size);
					}
				}
				work();
				const rows = store.database.row("SELECT count(*) FROM indexes WHERE state IN ('dropping', 'backfilling')");
				expect(rows).toEqual([0]);
			}),
			{ numRuns: 300 }
		);
	}, 60_000);
});
