/**
 * Search in the embedded store. Text: 20,000 notes of 30 words, most of which have the word that is looked for; the floor is
 * FTS5 of the same SQLite with bm25. Vectors: 10,000 of 1,536 dimensions, with the floor of comparing plain arrays in memory;
 * the first search after a start reads them from the file, and its floor is to read the same rows.
 * Run it alone with `node bench/embedded-search.ts`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pragmas } from '../src/embedded/store/databaseOptions.ts';
import { SqliteStore } from '../src/embedded/store/store.ts';
import { applySchema, exportedSchema, read, write } from '../src/embedded/store/testStore.ts';
import { compare, perSecond } from './measure.ts';
import type { Measure } from './measure.ts';

const NOTES = 20_000;
const VECTORS = 10_000;
const DIMENSIONS = 1_536;
const BATCH = 500;
const TAKE = 16;
const SEARCHES = 10;

const schema = exportedSchema({
	notes: { search: { by_text: ['text', 'topic'] } },
	points: { vector: { near: { fields: ['at', 'topic'], dimensions: DIMENSIONS } } }
});

/** Numbers from 0 to 1 that are the same in every run. */
function randoms(seed: number): () => number {
	let state = seed;
	return () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
}

/** `common` is in nine of ten, `seldom` in one of a hundred. */
function noteTexts(): string[] {
	const random = randoms(1);
	return Array.from({ length: NOTES }, () => {
		const words = Array.from({ length: 28 }, () => `w${Math.floor(random() ** 3 * 5_000)}`);
		if (random() < 0.9) words.push('common');
		if (random() < 0.01) words.push('seldom');
		return words.join(' ');
	});
}

function vectors(count: number): number[][] {
	const random = randoms(2);
	return Array.from({ length: count }, () => Array.from({ length: DIMENSIONS }, () => random() - 0.5));
}

async function text(store: SqliteStore, fts: DatabaseSync): Promise<Measure[]> {
	const texts = noteTexts();
	for (let at = 0; at < NOTES; at += BATCH) {
		write(store, (tx) => {
			for (const words of texts.slice(at, at + BATCH)) tx.insert('', 'notes', { text: words, topic: 'one' });
		});
	}
	fts.exec("CREATE VIRTUAL TABLE notes USING fts5 (text, tokenize = 'unicode61 remove_diacritics 0')");
	const insert = fts.prepare('INSERT INTO notes (text) VALUES (?)');
	fts.exec('BEGIN');
	for (const words of texts) insert.run(words);
	fts.exec('COMMIT');
	const match = fts.prepare(`SELECT rowid FROM notes WHERE notes MATCH ? ORDER BY rank LIMIT ${TAKE}`);
	const measures: Measure[] = [];
	for (const word of ['common', 'seldom']) {
		const query = { terms: [word], filters: [] };
		const found = () => read(store, (tx) => tx.searches.text('', 'notes', 'by_text', query).slice(0, TAKE));
		if (found().length !== TAKE || match.all(`${word}*`).length !== TAKE) throw new Error(`${word} was not found.`);
		measures.push(
			await compare(`text: ${NOTES} notes, the best ${TAKE} for "${word}"`, 'searches/s', {
				ours: () => perSecond(SEARCHES, () => repeat(found)),
				floor: () => perSecond(SEARCHES, () => repeat(() => match.all(`${word}*`)))
			})
		);
	}
	return measures;
}

async function vector(path: string): Promise<Measure[]> {
	const points = vectors(VECTORS);
	const [wanted = []] = vectors(1);
	let store = SqliteStore.open(path);
	for (let at = 0; at < VECTORS; at += BATCH) {
		write(store, (tx) => {
			for (const at_ of points.slice(at, at + BATCH)) tx.insert('', 'points', { at: at_, topic: 'one' });
		});
	}
	const search = { vector: wanted, limit: TAKE, filters: [] };
	const found = () => read(store, (tx) => tx.searches.vectors('', 'points', 'near', search));
	const plain = points.map((point) => Float32Array.from(point));
	const target = Float32Array.from(wanted);
	const nearest = () =>
		plain
			.map((point, place) => ({ place, score: dot(target, point) }))
			.sort((a, b) => b.score - a.score)
			.slice(0, TAKE);
	const raw = new DatabaseSync(path, { readOnly: true });
	const rows = raw.prepare('SELECT k FROM idx WHERE length(k) > ?');
	const words = `vectors: ${VECTORS} of ${DIMENSIONS} dimensions`;
	try {
		return [
			await compare(`${words}, the nearest ${TAKE}`, 'searches/s', {
				ours: () => perSecond(SEARCHES, () => repeat(found)),
				floor: () => perSecond(SEARCHES, () => repeat(nearest))
			}),
			await compare(
				`${words}, the first search after a start`,
				'searches/s',
				{
					ours: () => {
						store.close();
						store = SqliteStore.open(path);
						return perSecond(1, found);
					},
					floor: () => perSecond(1, () => rows.all(4 * DIMENSIONS))
				},
				3
			)
		];
	} finally {
		raw.close();
		store.close();
	}
}

function dot(a: Float32Array, b: Float32Array): number {
	let sum = 0;
	for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
	return sum;
}

function repeat(action: () => unknown): void {
	for (let i = 0; i < SEARCHES; i++) action();
}

export async function run(): Promise<Measure[]> {
	const folder = mkdtempSync(join(tmpdir(), 'search-bench-'));
	const fts = new DatabaseSync(join(folder, 'fts.sqlite'));
	fts.exec(pragmas({ synchronous: 'NORMAL' }));
	const path = join(folder, 'data.sqlite');
	const store = SqliteStore.open(path);
	applySchema(store, schema);
	try {
		const measures = await text(store, fts);
		store.close();
		return [...measures, ...(await vector(path))];
	} finally {
		fts.close();
		rmSync(folder, { recursive: true, force: true });
	}
}

if (import.meta.main) console.table(await run());
