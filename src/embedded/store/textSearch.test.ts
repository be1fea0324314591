import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokensOf } from '../values/tokens.ts';
import { filterKey } from './filterKeys.ts';
import { indexFaults } from './integrity.ts';
import { SqliteStore } from './store.ts';
import { SubscriptionIndex } from './subscriptions.ts';
import { applySchema, exportedSchema, read, write } from './testStore.ts';
import { codedLength, lengthCode } from './textKeys.ts';
import type { TextQuery } from './textSearch.ts';
import type { StoreTransaction } from './transaction.ts';

const schema = exportedSchema({ notes: { search: { by_text: ['text', 'group'] } } });

const FILLER = ['y', 'z', 'yz'];
const WORDS = ['a', 'ab', 'abc', 'abd', 'b', 'bc', 'c', 'cab', 'd'];
const text = fc
	.array(fc.constantFrom(...WORDS, ...FILLER, ...FILLER), { maxLength: 30 })
	.map((words) => words.join(' '));
const group = fc.constantFrom<(string | number | null)[]>('x', 'y', 1, null, 'long '.repeat(10));
const note = fc.record({ text: fc.option(text, { nil: undefined }), group: fc.option(group, { nil: undefined }) });
const query = fc.record({
	text: fc.array(fc.constantFrom(...WORDS), { maxLength: 3 }).map((words) => words.join(' ')),
	group: fc.option(group, { nil: undefined })
});
type Note = { readonly text?: string | undefined; readonly group?: string | number | null | undefined };
type Query = { readonly text: string; readonly group?: string | number | null | undefined };

function compiled({ text: words, group: wanted }: Query): TextQuery {
	const filters = wanted === undefined ? [] : [{ field: 0, anyOf: [filterKey(wanted)] }];
	return { terms: tokensOf(words), filters };
}

const found = (tx: StoreTransaction, asked: Query) => tx.searches.text('', 'notes', 'by_text', compiled(asked));

/** BM25 from its definition, over plain documents in 64-bit floats: score by place in the list. */
function reference(notes: readonly Note[], asked: Query): Map<number, number> {
	const documents = notes.map(({ text: content }) => tokensOf(content ?? ''));
	const mean = documents.reduce((sum, words) => sum + words.length, 0) / documents.length;
	const exact = new Set(tokensOf(asked.text));
	const last = tokensOf(asked.text).at(-1);
	const boosts = new Map<string, number>([...exact].map((term) => [term, 1]));
	for (const word of documents.flat()) {
		if (last !== undefined && word.startsWith(last) && !exact.has(word)) boosts.set(word, 0.5);
	}
	const scores = new Map<number, number>();
	for (const [place, words] of documents.entries()) {
		if (asked.group !== undefined && notes[place]?.group !== asked.group) continue;
		for (const [term, boost] of boosts) {
			const frequency = words.filter((word) => word === term).length;
			if (frequency === 0) continue;
			const having = documents.filter((other) => other.includes(term)).length;
			const idf = Math.log(1 + (documents.length - having + 0.5) / (having + 0.5));
			const norm = 1.2 * (1 - 0.75 + (0.75 * words.length) / mean);
			const score = (boost * idf * 2.2 * frequency) / (frequency + norm);
			scores.set(place, (scores.get(place) ?? 0) + score);
		}
	}
	return scores;
}

function withNotes(use: (store: SqliteStore) => void): void {
	const store = SqliteStore.open(':memory:');
	try {
		applySchema(store, schema);
		use(store);
	} finally {
		store.close();
	}
}

describe('text search', () => {
	it('ranks as BM25 does, newest first among equals', () => {
		fc.assert(
			fc.property(
				fc.array(note, { minLength: 1, maxLength: 25 }),
				fc.array(query, { minLength: 3, maxLength: 3 }),
				(notes, queries) => {
					withNotes((store) => {
						const ids = write(store, (tx) => notes.map((fields) => tx.insert('', 'notes', fields)));
						for (const asked of queries) {
							const expected = reference(notes, asked);
							const matches = read(store, (tx) => found(tx, asked));
							expect(matches.map(({ id }) => ids.indexOf(id)).sort()).toEqual([...expected.keys()].sort());
							for (const { id, score } of matches) expect(score).toBeCloseTo(expected.get(ids.indexOf(id)) ?? NaN, 4);
							for (const [i, { id, score }] of matches.entries()) {
								const next = matches[i + 1];
								if (next === undefined) continue;
								expect(score).toBeGreaterThanOrEqual(next.score);
								if (score === next.score) expect(ids.indexOf(id)).toBeGreaterThan(ids.indexOf(next.id));
							}
						}
						expect(indexFaults(store)).toEqual([]);
					});
				}
			),
			{ numRuns: 120 }
		);
	});

	const change = fc.oneof(
		fc.record({ type: fc.constant('insert' as const), fields: note }),
		fc.record({ type: fc.constant('replace' as const), at: fc.nat(), fields: note }),
		fc.record({ type: fc.constant('remove' as const), at: fc.nat() }),
		fc.record({ type: fc.constant('undone' as const), fields: note })
	);

	it('is told of every write that changes an answer, and answers after writes and rollbacks as a fresh store would', () => {
		fc.assert(
			fc.property(
				fc.array(note, { maxLength: 8 }),
				query,
				fc.array(change, { maxLength: 8 }),
				(notes, asked, changes) => {
					withNotes((store) => {
						const ids = write(store, (tx) => notes.map((fields) => tx.insert('', 'notes', fields)));
						const live = new SubscriptionIndex();
						const order = (tx: StoreTransaction): string[] => found(tx, asked).map(({ id }) => id);
						const run = (): string[] => {
							const tx = store.begin('read');
							const answer = order(tx);
							live.add('search', tx.reads);
							tx.rollback();
							return answer;
						};
						let answer = run();
						for (const one of changes) {
							const tx = store.begin('write');
							const id = ids[('at' in one ? one.at : 0) % Math.max(ids.length, 1)];
							if (one.type === 'insert') ids.push(tx.insert('', 'notes', one.fields));
							else if (one.type === 'undone') {
								const savepoint = tx.savepoint();
								tx.insert('', 'notes', one.fields);
								order(tx);
								savepoint.rollback();
							} else if (id !== undefined && one.type === 'replace') tx.replace('', id, one.fields);
							else if (id !== undefined) {
								tx.remove('', id);
								ids.splice(ids.indexOf(id), 1);
							}
							const seenInside = order(tx);
							const told = live.invalidatedBy(tx.commit());
							const fresh = read(store, (reader) => order(reader));
							expect(fresh).toEqual(seenInside);
							if (told.length > 0) answer = run();
							expect(answer).toEqual(fresh);
						}
						// What is kept in memory has followed: another store of the same documents agrees.
						withNotes((other) => {
							const scores = (tx: StoreTransaction): number[] => found(tx, asked).map(({ score }) => score);
							write(other, (tx) => {
								for (const id of ids) {
									const json: unknown = JSON.parse(read(store, (reader) => reader.get('', id))?.json ?? '{}');
									const { text: content, group: value } = Object(json);
									tx.insert('', 'notes', { text: content, group: value });
								}
							});
							expect(read(other, scores)).toEqual(read(store, scores));
						});
					});
				}
			),
			{ numRuns: 150 }
		);
	});

	it('does not rerun for a write that shares no word with a search of one match', () => {
		withNotes((store) => {
			write(store, (tx) => tx.insert('', 'notes', { text: 'a rare word' }));
			const tx = store.begin('read');
			expect(found(tx, { text: 'rare' })).toHaveLength(1);
			const live = new SubscriptionIndex();
			live.add('search', tx.reads);
			tx.rollback();
			const commit = (words: string): string[] => {
				const writer = store.begin('write');
				writer.insert('', 'notes', { text: words });
				return live.invalidatedBy(writer.commit());
			};
			expect(commit('something else')).toEqual([]);
			expect(commit('rarely seen')).toEqual(['search']);
		});
	});

	it('is told when other documents change the mean length, which decides between two', () => {
		withNotes((store) => {
			const [short, long] = write(store, (tx) =>
				['a', 'a a z z z z z z'].map((words) => tx.insert('', 'notes', { text: words }))
			);
			const live = new SubscriptionIndex();
			const tx = store.begin('read');
			expect(found(tx, { text: 'a' }).map(({ id }) => id)).toEqual([short, long]);
			live.add('search', tx.reads);
			tx.rollback();
			const writer = store.begin('write');
			writer.insert('', 'notes', { text: 'q '.repeat(500) });
			expect(live.invalidatedBy(writer.commit())).toEqual(['search']);
			expect(read(store, (reader) => found(reader, { text: 'a' }).map(({ id }) => id))).toEqual([long, short]);
		});
	});

	it('names at most 64 words, those that the query names first', () => {
		withNotes((store) => {
			write(store, (tx) => {
				for (let n = 0; n < 100; n++) tx.insert('', 'notes', { text: `w${String(n).padStart(2, '0')}` });
			});
			const matches = read(store, (tx) => found(tx, { text: 'w99 w' }));
			expect(matches).toHaveLength(64);
			const texts = read(store, (tx) => matches.map(({ id }) => tx.get('', id)?.json ?? ''));
			expect(texts[0]).toContain('w99');
			expect(texts.some((json) => json.includes('w62'))).toBe(true);
			expect(texts.some((json) => json.includes('w63'))).toBe(false);
		});
	});

	it('knows lengths in one byte: exactly to 40, then with four bits', () => {
		for (let length = 0; length <= 40; length++) expect(codedLength(lengthCode(length))).toBe(length);
		expect([41, 42, 43, 55, 57, 59, 60, 100, 2_013_265_944].map((length) => codedLength(lengthCode(length)))).toEqual([
			40, 42, 42, 54, 56, 56, 60, 96, 2_013_265_944
		]);
	});
});
