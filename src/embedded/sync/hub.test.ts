/** The loop that keeps answers current, with a system query whose answer is held back. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { Corpus } from '../corpus/harness.ts';
import type { QueryResult } from '../engine/types.ts';
import { SubscriptionHub } from './hub.ts';
import type { Subscriber } from './hub.ts';
import { askerOf } from './liveRun.ts';
import type { SystemQueries } from './liveRuns.ts';
import type { AddQuery } from './protocol.ts';
import { QuerySet } from './querySet.ts';
import { inMessages } from './texts.ts';
import { PATIENT } from '../patience.testing.ts';

let corpus: Corpus;

beforeAll(async () => void (corpus = await Corpus.start()));
afterAll(() => corpus.close());

const transition = z.object({
	modifications: z.array(z.looseObject({ queryId: z.number(), value: z.unknown() }))
});

interface Subject {
	readonly hub: SubscriptionHub;
	readonly queries: QuerySet;
	readonly subscriber: Subscriber & { ready: boolean };
	/** What the client was told, a list of modifications for each transition. */
	readonly told: z.infer<typeof transition>['modifications'][];
}

/** A subscriber without a socket. */
function subscribe(system: SystemQueries): Subject {
	const hub = new SubscriptionHub(corpus.engine, system);
	const asker = askerOf({ kind: 'none' });
	const told: Subject['told'] = [];
	const subscriber = {
		ready: true,
		get stale() {
			return queries.stale;
		},
		plan: (all: boolean) => ({ asker, queries: queries.plan(asker, all), atLeast: 0n }),
		deliver(ts: bigint) {
			const text = queries.transition(ts, null);
			if (text === null) return false;
			const messages = inMessages(text, false).map((message) => message.map(String).join(''));
			told.push(...messages.map((message) => transition.parse(JSON.parse(message)).modifications));
			return true;
		}
	};
	const queries = new QuerySet({
		ready: () => subscriber.ready,
		invalidated: () => hub.request(subscriber),
		released: (run, watcher) => hub.release(run, watcher)
	});
	return { hub, queries, subscriber, told };
}

function ask({ hub, queries, subscriber }: Subject, name: string, ...paths: readonly string[]): void {
	const modifications = paths.map((udfPath, queryId): AddQuery => ({
		type: 'Add',
		queryId,
		udfPath,
		args: [{ name }]
	}));
	queries.modify({ type: 'ModifyQuerySet', baseVersion: 0, newVersion: 1, modifications });
	hub.request(subscriber, true);
}

const runs = (): number => corpus.logs.filter(({ identifier }) => identifier === 'numbers:get').length;

test('an answer that a commit overtakes before it is told is told, and then the next one', async () => {
	const held = Promise.withResolvers<QueryResult>();
	const subject = subscribe(({ path }) => (path === 'held' ? held.promise : null));
	const { hub, queries, told } = subject;
	ask(subject, 'overtaken', 'numbers:get', 'held');
	await vi.waitFor(() => expect(runs()).toBe(1), PATIENT);
	await corpus.mutation('numbers:add', { name: 'overtaken', by: 1 });
	held.resolve({ outcome: { ok: true, value: '"system"', logLines: [] }, journal: null, readIdentity: true });
	await vi.waitFor(() => expect(told.length).toBeGreaterThan(1), PATIENT);
	const [first, ...rest] = told;
	expect(first?.map(({ value }) => value)).toEqual([0, 'system']);
	expect(rest.flat().findLast(({ queryId }) => queryId === 0)?.value).toBe(1);
	queries.clear();
	expect(hub.liveRuns).toBe(0);
	hub.close();
});

test('nothing is kept or run again for one who does not read, who then gets the latest answer', async () => {
	const subject = subscribe(() => null);
	const { hub, queries, subscriber, told } = subject;
	ask(subject, 'unread', 'numbers:get');
	await vi.waitFor(() => expect(told.length).toBe(1), PATIENT);
	subscriber.ready = false;
	// The engine does not know yet that nobody reads.
	await corpus.mutation('numbers:add', { name: 'unread', by: 1 });
	expect(hub.liveRuns).toBe(0);
	const before = runs();
	await corpus.mutation('numbers:add', { name: 'unread', by: 1 });
	expect(runs()).toBe(before);
	subscriber.ready = true;
	hub.request(subscriber);
	await vi.waitFor(() => expect(told.at(-1)?.map(({ value }) => value)).toEqual([2]), PATIENT);
	expect(told).toHaveLength(2);
	queries.clear();
	hub.close();
});
