import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pages } from './paging.ts';
import { pacer } from './quota.ts';
import { backoffMs, isRateLimit, rateLimitEnd, retryTime } from './retry.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const at = (headers: Record<string, string>) => retryTime(new Headers(headers), NOW);

describe('the time to try again', () => {
	it.each([
		[{ 'retry-after': '120' }, 120_000],
		[{ 'retry-after': '1.5' }, 1_500],
		[{ 'retry-after': 'Mon, 23 Nov 2026 12:01:00 GMT' }, 60_000],
		[{ 'x-ratelimit-reset': String(NOW / 1000 + 90) }, 90_000],
		[{ 'x-ratelimit-reset': String(NOW + 90_000) }, 90_000],
		[{ 'x-ratelimit-reset': '45' }, 45_000],
		[{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '45' }, 45_000],
		[{ 'retry-after': '5', 'x-ratelimit-reset': '45' }, 5_000]
	])('is read from %j', (headers, wait) => {
		expect(at(headers)).toBe(NOW + wait);
	});

	it('is not the end of a window in which something is left', () => {
		expect(at({ 'x-ratelimit-remaining': '4900', 'x-ratelimit-reset': String(NOW / 1000 + 3_000) })).toBeNull();
	});

	it('is unknown without a word about it, or with a word that means nothing', () => {
		expect(at({})).toBeNull();
		expect(at({ 'retry-after': 'later' })).toBeNull();
		expect(rateLimitEnd(new Headers(), NOW)).toBe(NOW + 60_000);
	});

	it('is never in the past', () => {
		expect(rateLimitEnd(new Headers({ 'retry-after': 'Mon, 23 Nov 2020 12:01:00 GMT' }), NOW)).toBe(NOW);
	});
});

describe('a rate limit', () => {
	it.each([
		[429, {}, '', true],
		[403, { 'x-ratelimit-remaining': '0' }, '', true],
		[403, { 'retry-after': '60' }, '', true],
		[403, {}, 'You have exceeded a secondary rate limit.', true],
		[403, { 'x-ratelimit-remaining': '12' }, 'Resource not accessible', false],
		[503, { 'retry-after': '60' }, '', false]
	])('is told by %i %j %s: %s', (status, headers, body, limited) => {
		expect(isRateLimit(status, new Headers(headers), body)).toBe(limited);
	});
});

it('backs off longer and longer, up to 8 s', () => {
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 20 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, luck) => {
			const wait = backoffMs(attempt, () => luck);
			expect(wait).toBeGreaterThanOrEqual(0);
			expect(wait).toBeLessThanOrEqual(Math.min(8_000, 500 * 2 ** attempt));
		})
	);
});

it('never sends more than the quota in any window', () => {
	const cases = fc.record({
		limit: fc.integer({ min: 1, max: 200 }),
		windowSeconds: fc.integer({ min: 1, max: 600 }),
		gaps: fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 20, maxLength: 300 })
	});
	fc.assert(
		fc.property(cases, ({ limit, windowSeconds, gaps }) => {
			let clock = NOW;
			const wait = pacer({ unit: 'requests', limit, windowSeconds }, () => clock);
			const sent = gaps.map((gap) => {
				clock += gap;
				clock += wait();
				return clock;
			});
			const spacing = (windowSeconds * 1000) / limit;
			const burst = Math.max(1, Math.floor(limit / 10));
			for (const [index, start] of sent.entries()) {
				const inWindow = sent.slice(index).filter((time) => time < start + windowSeconds * 1000 - 1e-3).length;
				expect(inWindow).toBeLessThanOrEqual(Math.ceil((windowSeconds * 1000) / spacing) + burst);
			}
		}),
		{ numRuns: 50 }
	);
});

describe('paging', () => {
	async function walk(next: (cursor: number) => number | null, most?: number) {
		const items: number[] = [];
		for await (const page of pages(1, async (cursor: number) => ({ items: [cursor], next: next(cursor) }), most))
			items.push(...page.items);
		return items;
	}

	it('reads a list to its end', async () => {
		expect(await walk((cursor) => (cursor < 4 ? cursor + 1 : null))).toEqual([1, 2, 3, 4]);
	});

	it('stops when a cursor comes back', async () => {
		await expect(walk((cursor) => (cursor % 3) + 1)).rejects.toMatchObject({
			kind: 'bad_response',
			message: expect.stringContaining('paging loop')
		});
	});

	it('stops when the list has no end', async () => {
		await expect(walk((cursor) => cursor + 1, 50)).rejects.toMatchObject({
			kind: 'bad_response',
			message: expect.stringContaining('more than 50 pages')
		});
	});
});
