import type { Value } from 'convex/values';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Corpus } from '../corpus/harness.ts';

let corpus: Corpus;
let ids: string[];

const NOTES = [
	{ text: 'The quick brown fox', topic: 'animals', meaning: [1, 0, 0] },
	{ text: 'A quick answer', topic: 'work', meaning: [0, 1, 0] },
	{ text: 'Quicksand, quick quick quick', topic: 'nature', meaning: [0, 0, 2] },
	{ text: 'Foxglove', topic: 'nature', meaning: [1, 1, 0] },
	{ text: 'Nothing of the kind' }
];

beforeAll(async () => {
	corpus = await Corpus.start();
	ids = z.array(z.string()).parse(await corpus.mutation('notes:write', { notes: NOTES }));
});
afterAll(() => corpus.close());

const search = (args: Record<string, Value>) => corpus.query('notes:search', args);

describe('withSearchIndex', () => {
	it('ranks by words, and takes the last as a beginning', async () => {
		expect(await search({ words: 'quick' })).toEqual([
			'Quicksand, quick quick quick',
			'A quick answer',
			'The quick brown fox'
		]);
		expect(await search({ words: 'FOX' })).toEqual(['The quick brown fox', 'Foxglove']);
		expect(await search({ words: 'fox quick' })).toContain('The quick brown fox');
		expect(await search({ words: 'fox quick' })).not.toContain('Foxglove');
		expect(await search({ words: 'foxgl' })).toEqual(['Foxglove']);
		expect(await search({ words: '?!' })).toEqual([]);
	});

	it('filters by fields of the index, then by expressions, then takes', async () => {
		expect(await search({ words: 'quick', topic: 'work' })).toEqual(['A quick answer']);
		expect(await search({ words: 'quick', topic: 'none' })).toEqual([]);
		expect(await search({ words: 'quick', without: 'Quicksand, quick quick quick', take: 1 })).toEqual([
			'A quick answer'
		]);
	});

	it('sees what the same mutation wrote, and forgets it when the mutation fails', async () => {
		expect(await corpus.mutation('notes:writeAndSearch', { text: 'zebra zebra', words: 'zeb' })).toEqual([
			'zebra zebra'
		]);
		await expect(corpus.mutation('notes:writeAndSearch', { text: 'x'.repeat(1 << 21), words: 'zeb' })).rejects.toThrow(
			'too large'
		);
		expect(await search({ words: 'zebra' })).toEqual(['zebra zebra']);
	});

	it('reads 16 words of the text and no more', async () => {
		await corpus.mutation('notes:write', { notes: [{ text: 'seventeenth' }, { text: 'w16' }] });
		const words = Array.from({ length: 16 }, (_, n) => `w${n + 1}`).join(' ');
		expect(await search({ words: `${words} seventeenth` })).toEqual(['w16']);
	});

	it.each([
		['by_text', [], 'does not contain any search filters'],
		['by_text', [['search', 'topic', 'x']], 'doesn\'t match the indexed `searchField` "text"'],
		[
			'by_text',
			[
				['search', 'text', 'x'],
				['search', 'text', 'y']
			],
			'multiple search filters against "text". Only one is allowed.'
		],
		[
			'by_text',
			[
				['search', 'text', 'x'],
				['eq', 'meaning', 'y']
			],
			'equality filter on "meaning" but that field isn\'t indexed for filtering in `filterFields`.'
		],
		[
			'by_text',
			[['search', 'text', 'x'], ...Array.from({ length: 9 }, () => ['eq', 'topic', 'y'])],
			'has too many filter conditions. Max: 8 Actual: 9'
		],
		['by_meaning', [['search', 'text', 'x']], 'Index notes.by_meaning is not a search index'],
		['by_nothing', [['search', 'text', 'x']], 'Index notes.by_nothing not found.']
	])('refuses a search of %s with %j', async (index, calls, words) => {
		await expect(corpus.query('notes:wrongSearch', { index, calls })).rejects.toThrow(words);
	});

	it('pages by rank, and a live page keeps its end', async () => {
		const Page = z.object({
			page: z.array(z.string()),
			isDone: z.boolean(),
			continueCursor: z.string(),
			splitCursor: z.null()
		});
		const page = async (cursor: string | null, journal?: string) => {
			const paginationOpts = { cursor, numItems: 2 };
			const run = await corpus.queryResult(
				'notes:searchPage',
				{ words: 'quick', paginationOpts },
				journal === undefined ? {} : { journal }
			);
			if (!run.outcome.ok) throw new Error(run.outcome.failure.message);
			return { ...Page.parse(JSON.parse(run.outcome.value)), journal: run.journal };
		};
		const one = await page(null);
		expect(one.page).toEqual(['Quicksand, quick quick quick', 'A quick answer']);
		const two = await page(one.continueCursor);
		expect(two).toMatchObject({ page: ['The quick brown fox'], isDone: true });
		const again = await page(null, one.journal ?? '');
		expect(again).toMatchObject({ page: one.page, continueCursor: one.continueCursor });
	});

	it('reads 1,024 matches of one search at most', async () => {
		const many = Array.from({ length: 1100 }, (_, n) => ({ text: `common ${n}` }));
		await corpus.mutation('notes:write', { notes: many });
		await expect(search({ words: 'common' })).rejects.toThrow(
			'Search query scanned too many documents (fetched 1024).'
		);
		expect(await search({ words: 'common', take: 1024 })).toHaveLength(1024);
	});
});

describe('vectorSearch', () => {
	const near = (args: Record<string, Value>) => corpus.action('notes:near', args);

	it('finds the nearest by the cosine', async () => {
		expect(await near({ meaning: [2, 0, 0] })).toEqual([
			{ id: ids[0], score: 1 },
			{ id: ids[3], score: 0.707 },
			...[ids[2], ids[1]].map((id) => ({ id, score: 0 }))
		]);
		expect(await near({ meaning: [0, 0, -1], limit: 1 })).toHaveLength(1);
	});

	it('filters by any of the given values', async () => {
		expect(await near({ meaning: [0, 1, 0], topics: ['nature', 'work'] })).toEqual([
			{ id: ids[1], score: 1 },
			{ id: ids[3], score: 0.707 },
			{ id: ids[2], score: 0 }
		]);
		expect(await near({ meaning: [0, 1, 0], topics: ['none'] })).toEqual([]);
	});

	it.each([
		[{ meaning: [1, 2] }, 'Expected a vector with dimensions 3, received 2.'],
		[{ meaning: [1, 2, 3], limit: 257 }, 'Vector queries can fetch at most 256 results, requested 257.'],
		[
			{ meaning: [1, 2, 3], topics: Array.from({ length: 65 }, (_, n) => `t${n}`) },
			'has too many conditions. Max: 64 Actual: 65'
		]
	])('refuses %j', async (args, words) => {
		await expect(near(args)).rejects.toThrow(words);
	});
});

describe('filter operators', () => {
	const operate = (operator: string, left: Value, right: Value, expected: Value = 'as it is') =>
		corpus.mutation('notes:operate', { operator, left, right, expected });

	it.each<[string, Value, Value, Value]>([
		['add', 1, 2, 3],
		['add', 1n, 2n, 3n],
		['sub', 1, 2, -1],
		['mul', 3n, -2n, -6n],
		['div', 1, 0, Infinity],
		['div', -7n, 2n, -3n],
		['mod', -7n, 2n, -1n],
		['mod', -7.5, 2, -1.5],
		['neg', 5n, null, -5n],
		['eq', 0, -0, false],
		['lt', 1n, 0.5, true],
		['lt', null, 0n, true],
		['lte', 'é', 'z', false],
		['gt', [1, 2], [1], true],
		['gte', { a: 1 }, [2], true],
		['neq', NaN, NaN, false],
		['and', true, false, false],
		['or', false, true, true]
	])('%s, case %#', async (operator, left, right, expected) => {
		expect(await operate(operator, left, right, expected)).toBe(1);
	});

	it.each<[string, Value, Value, string]>([
		['add', 1, 2n, 'Cannot add 1.0 (type Float64) and 2 (type Int64)'],
		['sub', 'a', null, 'Cannot subtract "a" (type String) and null (type Null)'],
		['add', 2n ** 63n - 1n, 1n, 'Cannot add 9223372036854775807 and 1: the result is out of range for Int64'],
		['div', 1n, 0n, 'Cannot divide 1 by zero'],
		['mod', 1n, 0n, 'Cannot mod 1 by zero'],
		['mod', -(2n ** 63n), -1n, 'Cannot mod -9223372036854775808 and -1: the result is out of range for Int64'],
		['neg', -(2n ** 63n), null, 'Cannot negate -9223372036854775808: the result is out of range for Int64'],
		['neg', true, null, 'Cannot negate true (type Boolean)'],
		['and', true, 1, 'Cannot use value 1.0 (type Float64) as a Boolean'],
		['add', 1, 1, 'Cannot use value 2.0 (type Float64) as a Boolean']
	])('%s is refused, case %#', async (operator, left, right, words) => {
		await expect(operate(operator, left, right)).rejects.toThrow(words);
	});

	it('does not look at what comes after a decision', async () => {
		expect(await operate('and', false, 'no boolean')).toBe(0);
		expect(await operate('or', true, 'no boolean')).toBe(1);
	});

	it('are 256 at most', async () => {
		await expect(corpus.query('notes:manyOperators', { count: 257 })).rejects.toThrow('more than 256 operators');
	});
});
