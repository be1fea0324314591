import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Corpus } from '../corpus/harness.ts';
import type { Successor } from './types.ts';

let corpus: Corpus;
beforeAll(async () => {
	// However slow this machine is.
	corpus = await Corpus.start({ renewalTime: 60_000 });
	await corpus.mutation('items:insertMany', { from: 0, count: 20, group: 'a' });
	await corpus.mutation('items:insertMany', { from: 20, count: 10 });
});
afterAll(() => corpus.close());

const Page = z.object({
	page: z.array(z.number()),
	isDone: z.boolean(),
	continueCursor: z.string(),
	splitCursor: z.string().nullish(),
	pageStatus: z.string().nullish()
});

interface PageOptions {
	readonly cursor: string | null;
	readonly numItems: number;
	readonly endCursor?: string;
	readonly maximumRowsRead?: number;
	readonly maximumBytesRead?: number;
}

async function page(paginationOpts: PageOptions, options: { journal?: string; order?: 'asc' | 'desc' } = {}) {
	const { outcome, journal } = await corpus.queryResult(
		'items:page',
		{ paginationOpts: { ...paginationOpts }, order: options.order },
		options
	);
	if (!outcome.ok) throw new Error(outcome.failure.message);
	return { ...Page.parse(JSON.parse(outcome.value)), journal };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('queries', () => {
	it('reads an index range in both directions and stops early', async () => {
		expect(await corpus.query('items:byDay', { from: 3, to: 7 })).toEqual([3, 4, 5, 6]);
		expect(await corpus.query('items:byDay', { from: 3, to: 30, take: 2 })).toEqual([3, 4]);
		expect(await corpus.query('items:byGroup', { group: 'a', after: 17, order: 'desc' })).toEqual([
			{ name: 'item 19', day: 19 },
			{ name: 'item 18', day: 18 }
		]);
	});

	it('finds documents without a field by asking for undefined', async () => {
		expect(await corpus.query('items:byGroup', { after: 27 })).toEqual([
			{ name: 'item 28', day: 28 },
			{ name: 'item 29', day: 29 }
		]);
	});

	it('filters before it limits when chained so', async () => {
		expect(await corpus.query('items:filteredTake', { min: 18, take: 3 })).toEqual([18, 19, 20]);
		expect(await corpus.query('items:filtered', { min: 18 })).toEqual([18, 19, 21, 23, 25, 27, 29]);
	});

	it('answers first and unique', async () => {
		expect(await corpus.query('items:first')).toBe('item 0');
		expect(await corpus.query('items:unique', { day: 4 })).toBe('item 4');
		expect(await corpus.query('items:unique', { day: 400 })).toBeNull();
	});

	it('calls functions in folders and default exports', async () => {
		expect(await corpus.query('folder/deep:hello')).toBe('from a folder');
		expect(await corpus.query('folder/deep.js:hello')).toBe('from a folder');
		expect(await corpus.query('folder/deep')).toBe('the default');
	});

	it('refuses malformed ids by name and knows the tables of others', async () => {
		await expect(corpus.query('items:getAny', { id: 'nonsense' })).rejects.toThrow(
			'Invalid argument `id` for `db.get`: Unable to decode ID'
		);
		const id = await corpus.mutation('items:insert', { name: 'late', day: 1000 });
		expect(await corpus.query('items:normalize', { id })).toEqual([id, null]);
		expect(await corpus.query('items:normalize', { id: 'x' })).toEqual([null, null]);
		await corpus.mutation('items:remove', { id });
	});
});

describe('pages', () => {
	it('walks the whole index, forwards and backwards, without gap or overlap', async () => {
		for (const order of ['asc', 'desc'] as const) {
			const days: number[] = [];
			let cursor: string | null = null;
			let isDone = false;
			while (!isDone) {
				const next = await page({ cursor, numItems: 7 }, { order });
				days.push(...next.page);
				cursor = next.continueCursor;
				isDone = next.isDone;
			}
			expect(days).toEqual(order === 'asc' ? range(0, 30) : range(0, 30).reverse());
		}
	});

	it('keeps a page between its ends when its journal is sent again', async () => {
		const first = await page({ cursor: null, numItems: 5 });
		const id = await corpus.mutation('items:insert', { name: 'between', day: 2.5 });
		const again = await page({ cursor: null, numItems: 5 }, { journal: first.journal ?? undefined });
		expect(again.page).toEqual([0, 1, 2, 2.5, 3, 4]);
		expect(again.continueCursor).toBe(first.continueCursor);
		expect((await page({ cursor: null, numItems: 5 })).page).toEqual([0, 1, 2, 2.5, 3]);
		await corpus.mutation('items:remove', { id });
	});

	it('lets endCursor override the journal', async () => {
		const three = await page({ cursor: null, numItems: 3 });
		const five = await page({ cursor: null, numItems: 5 });
		const ended = await page(
			{ cursor: null, numItems: 1, endCursor: three.continueCursor },
			{ journal: five.journal ?? undefined }
		);
		expect(ended.page).toEqual([0, 1, 2]);
	});

	it('says where to split a page that read too much', async () => {
		const {
			page: days,
			pageStatus,
			splitCursor,
			isDone
		} = await page({ cursor: null, numItems: 20, maximumRowsRead: 10 });
		expect(days).toEqual(range(0, 10));
		expect(pageStatus).toBe('SplitRequired');
		expect(isDone).toBe(false);
		const half = await page({ cursor: null, numItems: 20, endCursor: splitCursor ?? '' });
		const rest = await page({ cursor: splitCursor ?? '', numItems: 4 });
		expect([...half.page, ...rest.page]).toEqual(range(0, 10));
	});

	it('can be split in the middle whenever it has more than two documents', async () => {
		const { page: days, splitCursor, pageStatus } = await page({ cursor: null, numItems: 6 });
		expect([days, pageStatus]).toEqual([range(0, 6), null]);
		expect(await page({ cursor: splitCursor ?? '', numItems: 2 })).toMatchObject({ page: [4, 5] });
		expect((await page({ cursor: null, numItems: 2 })).splitCursor).toBeNull();
	});

	it('is recommended to be split above three quarters of its bounds, and reads one document whatever the bounds', async () => {
		expect(await page({ cursor: null, numItems: 7, maximumRowsRead: 10 })).toMatchObject({ pageStatus: null });
		expect(await page({ cursor: null, numItems: 8, maximumRowsRead: 10 })).toMatchObject({
			page: range(0, 8),
			pageStatus: 'SplitRecommended'
		});
		expect(await page({ cursor: null, numItems: 8, maximumBytesRead: 1 })).toMatchObject({
			page: [0],
			pageStatus: 'SplitRequired',
			isDone: false
		});
	});

	it('reads a pinned page to its end whatever the bounds', async () => {
		const { continueCursor } = await page({ cursor: null, numItems: 10 });
		expect(await page({ cursor: null, numItems: 1, endCursor: continueCursor, maximumRowsRead: 3 })).toMatchObject({
			page: range(0, 10),
			pageStatus: 'SplitRecommended'
		});
	});

	it.each([
		[0, 'Must request at least 1 document while paginating'],
		[-1, 'positive number'],
		[1.5, 'expected a whole number that is not negative'],
		[32_001, 'Requested too many items: 32001'],
		[1e300, 'expected a whole number that is not negative']
	])('of %d documents is refused', async (numItems, words) => {
		await expect(page({ cursor: null, numItems })).rejects.toThrow(words);
	});

	it.each(['maximumRowsRead', 'maximumBytesRead'])('with a %s of 0 is refused', async (bound) => {
		await expect(page({ cursor: null, numItems: 1, [bound]: 0 })).rejects.toThrow('must be greater than 0');
	});

	it('shows nothing of the keys in its cursors, and has equal cursors when nothing changed', async () => {
		const one = await page({ cursor: null, numItems: 5 });
		expect(Buffer.from(one.continueCursor, 'base64url').toString('latin1')).not.toContain('","');
		expect((await page({ cursor: null, numItems: 5 })).continueCursor).toBe(one.continueCursor);
	});

	it('refuses every cursor with one bit changed, and says so to the clients when it is of another query', async () => {
		const { continueCursor } = await page({ cursor: null, numItems: 5 });
		const bytes = Buffer.from(continueCursor, 'base64url');
		for (let at = 0; at < bytes.length; at++) {
			const forged = Buffer.from(bytes);
			forged[at] = (forged[at] ?? 0) ^ 1;
			const run = page({ cursor: forged.toString('base64url'), numItems: 5 });
			await expect(run).rejects.toThrow('Failed to parse cursor');
		}
		const other = { paginationOpts: { cursor: continueCursor, numItems: 5 }, order: 'desc' };
		const { outcome } = await corpus.queryResult('items:page', other);
		expect(outcome.ok ? null : JSON.parse(outcome.failure.data ?? 'null')).toEqual({
			isConvexSystemError: true,
			paginationError: 'InvalidCursor'
		});
	});

	it('starts afresh when its journal is none of this deployment', async () => {
		expect(await page({ cursor: null, numItems: 3 }, { journal: 'nonsense' })).toMatchObject({ page: [0, 1, 2] });
	});

	it('refuses cursors that were changed or belong to another query, and a second page', async () => {
		const { continueCursor } = await page({ cursor: null, numItems: 5 });
		await expect(page({ cursor: continueCursor, numItems: 5 }, { order: 'desc' })).rejects.toThrow('different query');
		await expect(page({ cursor: `x${continueCursor}`, numItems: 5 })).rejects.toThrow('Failed to parse cursor');
		await expect(corpus.query('items:twoPages')).rejects.toThrow('ran multiple paginated queries');
	});
});

describe('subscriptions', () => {
	beforeEach(() => {
		corpus.notices.length = 0;
	});

	it('reports a subscription when a commit touches what it read, and not otherwise', async () => {
		const watch = { ...corpus.call('items:byDay', { from: 100, to: 200 }), journal: null, subscription: 'watch' };
		await corpus.engine.querySet([watch]);
		const outside = await corpus.engine.mutation(corpus.call('items:insert', { name: 'outside', day: 300 }));
		expect(corpus.notices.at(-1)).toMatchObject({ ts: outside.ts, invalidated: [], everything: false });
		await corpus.mutation('items:insert', { name: 'inside', day: 150 });
		expect(corpus.notices.at(-1)?.invalidated).toEqual(['watch']);
		await corpus.mutation('items:insert', { name: 'again', day: 151 });
		expect(corpus.notices.at(-1)?.invalidated).toEqual([]);
	});

	it('runs what a commit touched again by itself, and goes on watching it for a listener who takes it', async () => {
		const successors: Successor[] = [];
		const stop = corpus.engine.onCommit(({ invalidated }, successor) => {
			successors.push(...invalidated.flatMap((ended) => successor(ended) ?? []));
		});
		await corpus.engine.querySet([
			{ ...corpus.call('items:byDay', { from: 500, to: 600 }), journal: null, subscription: 'taken' }
		]);
		await corpus.mutation('items:insert', { name: 'first', day: 550 });
		expect(corpus.notices.at(-1)?.invalidated).toEqual(['taken']);
		expect(successors.map(({ result }) => result.outcome)).toEqual([{ ok: true, value: '[550]', logLines: [] }]);
		await corpus.mutation('items:insert', { name: 'second', day: 551 });
		expect(corpus.notices.at(-1)?.invalidated).toEqual([successors[0]?.name]);
		expect(successors[1]?.result.outcome).toMatchObject({ value: '[550,551]' });
		corpus.engine.unsubscribe(successors.map(({ name }) => name));
		stop();
	});

	it('tells of a commit before its mutation is answered', async () => {
		const { ts } = await corpus.engine.mutation(corpus.call('items:insert', { name: 'now', day: 400 }));
		expect(ts).not.toBeNull();
		expect(corpus.engine.latestTs()).toBe(ts);
		expect(corpus.notices.at(-1)?.ts).toBe(ts);
	});

	it('says whether the identity was read', async () => {
		const identity = {
			kind: 'user',
			attributes: JSON.stringify({ subject: 'ann', issuer: 'x', tokenIdentifier: 'x|ann' })
		} as const;
		const { outcome, readIdentity } = await corpus.queryResult('runtime:whoami', {}, { identity });
		expect(outcome).toMatchObject({ ok: true, value: '"ann"' });
		expect(readIdentity).toBe(true);
		expect((await corpus.queryResult('items:first')).readIdentity).toBe(false);
	});
});
