import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Corpus, valueOf } from '../corpus/harness.ts';

let corpus: Corpus;
beforeAll(async () => {
	corpus = await Corpus.start();
});
afterAll(() => corpus.close());

describe('a function that does not end', () => {
	it('fails alone when it is a query, and queued calls are answered', async () => {
		const [loop, kinds] = await Promise.allSettled([corpus.query('runtime:loops'), corpus.query('events:kinds')]);
		expect(loop).toMatchObject({
			status: 'rejected',
			reason: { message: expect.stringContaining('Function execution timed out (maximum duration: 1s)') }
		});
		expect(kinds.status).toBe('fulfilled');
	});

	it('fails alone inside a set of queries', async () => {
		const request = (path: string) => ({ ...corpus.call(path), journal: null });
		const { results } = await corpus.engine.querySet([
			request('events:kinds'),
			request('runtime:loops'),
			request('items:first')
		]);
		expect(results.map(({ outcome }) => outcome.ok)).toEqual([true, false, true]);
	});

	it('is rolled back when it is a mutation', async () => {
		corpus.notices.length = 0;
		await expect(corpus.mutation('runtime:loopsInMutation')).rejects.toThrow('timed out');
		expect(await corpus.query('events:kinds')).not.toContain('lost');
		expect(corpus.notices.some(({ everything }) => everything)).toBe(true);
	});
});

describe('a rejection that nobody handles', () => {
	it('fails the query or mutation, which is rolled back, and nothing else', async () => {
		const words = /Uncaught Error: nobody awaits this\n {4}at handler \(\.\.\/convex\/harm\.ts:/;
		const [query, other] = await Promise.allSettled([corpus.query('harm:rejectsInQuery'), corpus.query('items:first')]);
		expect(query).toMatchObject({ status: 'rejected', reason: { message: expect.stringMatching(words) } });
		expect(other.status).toBe('fulfilled');
		await expect(corpus.mutation('harm:rejectsInMutation')).rejects.toThrow(words);
		expect(await corpus.query('events:kinds')).not.toContain('rejected');
	});

	it('fails the nested call in which it came about, and its caller may catch that', async () => {
		expect(await corpus.mutation('harm:catchesRejection')).toContain('nobody awaits this');
		expect(await corpus.query('events:kinds')).not.toContain('rejected');
	});

	it('is none once it is handled in the same turn', async () => {
		expect(await corpus.query('harm:handlesLate')).toBe('late');
	});
});

describe('log entries', () => {
	it('tell of every function that ended', async () => {
		corpus.logs.length = 0;
		valueOf((await corpus.queryResult('runtime:logs')).outcome);
		await corpus.query('runtime:deepError').catch(() => undefined);
		expect(corpus.logs[0]).toMatchObject({
			kind: 'Completion',
			udfType: 'Query',
			identifier: 'runtime:logs',
			componentPath: null,
			error: null,
			success: {},
			requestId: 'feedbeef',
			logLines: [
				{ level: 'LOG', messages: ["'a'", '1', '{ b: [ 2 ] }'], isTruncated: false },
				{ level: 'WARN', messages: ["'careful'"] },
				{ level: 'ERROR', messages: ["'shown'"] }
			]
		});
		expect(corpus.logs[1]).toMatchObject({
			identifier: 'runtime:deepError',
			success: null,
			error: expect.stringContaining('from below')
		});
	});
});
