/** The loop that keeps answers current, with a system query whose answer is held back. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { Corpus } from '../corpus/harness.ts';
import type { QueryResult } from '../engine/types.ts';
import { SubscriptionHub } from './hub.ts';
import type { Subscriber } from './hub.ts';
import { askerOf } from './liveRun.ts';
import type { AddQuery } from './protocol.ts';
import { QuerySet } from './querySet.ts';
import { inMessages } from './texts.ts';

let corpus: Corpus;

beforeAll(async () => void (corpus = await Corpus.start()));
afterAll(() => corpus.close());

const transition = z.object({
	modifications: z.array(z.looseObject({ queryId: z.number(), value: z.unknown() }))
});

test('an answer that a commit overtakes before it is told is told, and then the next one', async () => {
	const held = Promise.withResolvers<QueryResult>();
	const hub = new SubscriptionHub(corpus.engine, ({ path }) => (path === 'held' ? held.promise : null));
	const queries = new QuerySet({
		ready: () => true,
		invalidated: () => hub.request(subscriber),
		released: (run, watcher) => hub.release(run, watcher)
	});
	const asker = askerOf({ kind: 'none' });
	const told: string[] = [];
	const subscriber: Subscriber = {
		ready: true,
		get stale() {
			return queries.stale;
		},
		plan: (all) => ({ asker, queries: queries.plan(asker, all), atLeast: 0n }),
		deliver(ts) {
			const text = queries.transition(ts, null);
			if (text === null) return false;
			told.push(...inMessages(text, false).map((message) => message.map(String).join('')));
			return true;
		}
	};
	const add = (queryId: number, udfPath: string): AddQuery => ({
		type: 'Add',
		queryId,
		udfPath,
		args: [{ name: 'overtaken' }]
	});
	queries.modify({
		type: 'ModifyQuerySet',
		baseVersion: 0,
		newVersion: 1,
		modifications: [add(0, 'numbers:get'), add(1, 'held')]
	});
	hub.request(subscriber, true);
	await vi.waitFor(() => expect(corpus.logs.some(({ identifier }) => identifier === 'numbers:get')).toBe(true));
	await corpus.mutation('numbers:add', { name: 'overtaken', by: 1 });
	held.resolve({ outcome: { ok: true, value: '"system"', logLines: [] }, journal: null, readIdentity: true });
	await vi.waitFor(() => expect(told.length).toBeGreaterThan(1));
	const [first, ...rest] = told.map((text) => transition.parse(JSON.parse(text)).modifications);
	expect(first?.map(({ value }) => value)).toEqual([0, 'system']);
	expect(rest.flat().findLast(({ queryId }) => queryId === 0)?.value).toBe(1);
	queries.clear();
	expect(hub.liveRuns).toBe(0);
	hub.close();
});
