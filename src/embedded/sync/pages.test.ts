/** Live pages as the official client keeps them, split where they grow, while the list under them changes. */
import type { Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { ConvexClient } from 'convex/browser';
import { makeFunctionReference } from 'convex/server';
import type { PaginationResult } from 'convex/server';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { startTestServer } from './wire.testing.ts';
import type { TestServer } from './wire.testing.ts';

interface Item {
	readonly id: string;
	readonly day: number;
	readonly name: string;
}
type Order = 'asc' | 'desc';

const list = makeFunctionReference<
	'query',
	{ group: string; order: Order; without: string | null },
	PaginationResult<Item>
>('pages:list');
const change = makeFunctionReference<
	'mutation',
	{ group: string; inserted: Omit<Item, 'id'>[]; patched: Item[]; removed: string[] },
	string[]
>('pages:change');

/** What the client gives an app. */
const pages = z.object({
	results: z.array(z.object({ id: z.string(), day: z.number(), name: z.string() })),
	status: z.enum(['LoadingFirstPage', 'CanLoadMore', 'LoadingMore', 'Exhausted']),
	loadMore: z.custom<(numItems: number) => boolean>((given) => typeof given === 'function')
});
type Pages = z.infer<typeof pages>;

let testServer: TestServer;
const sockets = new Set<Socket>();

beforeAll(async () => {
	testServer = await startTestServer();
	testServer.server.on('connection', (socket) => sockets.add(socket));
});
afterAll(() => testServer.close());

/** Items are named by their place in the list of all that there ever were. */
interface Write {
	readonly inserted: Omit<Item, 'id'>[];
	readonly patched: [number, Omit<Item, 'id'>][];
	readonly removed: number[];
}
interface Scenario {
	readonly order: Order;
	readonly without: string | null;
	readonly initialNumItems: number;
	readonly first: Write;
	/** A number loads so many more. */
	readonly steps: readonly (Write | number | 'cut')[];
}

const fields = fc.record({ day: fc.nat(6), name: fc.constantFrom('plain', 'hidden') });
const write: fc.Arbitrary<Write> = fc.record({
	inserted: fc.array(fields, { maxLength: 5 }),
	patched: fc.array(fc.tuple(fc.nat(30), fields), { maxLength: 2 }),
	removed: fc.array(fc.nat(30), { maxLength: 2 })
});
const step = fc.oneof(
	{ weight: 6, arbitrary: write },
	{ weight: 3, arbitrary: fc.integer({ min: 1, max: 4 }) },
	{ weight: 1, arbitrary: fc.constant('cut' as const) }
);
const scenario: fc.Arbitrary<Scenario> = fc.record({
	order: fc.constantFrom<Order>('asc', 'desc'),
	without: fc.constantFrom(null, 'hidden'),
	initialNumItems: fc.integer({ min: 1, max: 3 }),
	first: write,
	steps: fc.array(step, { minLength: 4, maxLength: 14 })
});

/** The list as it should be: by day, then by age. */
class List {
	readonly #items: (Item | null)[] = [];

	apply(
		ids: readonly string[],
		inserted: readonly Omit<Item, 'id'>[],
		patched: readonly Item[],
		removed: string[]
	): void {
		for (const [place, item] of this.#items.entries()) {
			if (item === null) continue;
			const changed = patched.findLast(({ id }) => id === item.id) ?? item;
			this.#items[place] = removed.includes(item.id) ? null : changed;
		}
		for (const [place, item] of inserted.entries()) this.#items.push({ ...item, id: ids[place] ?? '' });
	}

	/** The id at a place, when there is one and it has not been removed. */
	at(place: number): string | null {
		return this.#items[place]?.id ?? null;
	}

	read(order: Order, without: string | null): Item[] {
		const kept = this.#items.filter((item) => item !== null && item.name !== without);
		const sorted = kept.filter((item) => item !== null).toSorted((a, b) => a.day - b.day);
		return order === 'asc' ? sorted : sorted.toReversed();
	}
}

let runs = 0;
/** Pages that were asked for with their end, which a client does to split one. */
let halves = 0;

class Counted extends WebSocket {
	override send(data: string): void {
		halves += data.split('"endCursor"').length - 1;
		super.send(data);
	}
}

async function play({ order, without, initialNumItems, first, steps }: Scenario): Promise<void> {
	const group = `run ${++runs}`;
	const model = new List();
	const client = new ConvexClient(testServer.url, {
		logger: false,
		skipConvexDeploymentUrlCheck: true,
		// The types of the browser's WebSocket and of this one differ in what is not used here.
		webSocketConstructor: Object.assign(Counted)
	});
	/** Everything that an app was shown since the last write. */
	const shown: Pages[] = [];
	/** What is shown is the list from its beginning, whole when it says so. */
	const fits = ({ results, status }: Pages, items: readonly Item[]): boolean =>
		isDeepStrictEqual(results, status === 'Exhausted' ? items : items.slice(0, results.length));
	const check = (items: readonly Item[]): void => {
		const last = shown.at(-1);
		if (last && !fits(last, items)) expect(last.results).toEqual(items);
	};
	const perform = async (given: Write): Promise<void> => {
		const before = model.read(order, without);
		const removed = given.removed.flatMap((place) => model.at(place) ?? []);
		const patched = given.patched.flatMap(([place, values]) => {
			const id = model.at(place);
			return id === null || removed.includes(id) ? [] : [{ id, ...values }];
		});
		const unique = [...new Set(removed)];
		shown.splice(0, shown.length - 1);
		const ids = await client.mutation(change, { group, inserted: given.inserted, patched, removed: unique });
		model.apply(ids, given.inserted, patched, unique);
		const after = model.read(order, without);
		check(after);
		// Nothing in between was shown either.
		for (const one of shown) {
			if (!fits(one, before) && !fits(one, after)) expect(one.results).toEqual(after);
		}
	};
	try {
		await perform(first);
		client.onPaginatedUpdate_experimental(list, { group, order, without }, { initialNumItems }, (result) => {
			shown.push(pages.parse(result));
		});
		for (const one of steps) {
			if (one === 'cut') for (const socket of sockets) socket.destroy();
			else if (typeof one === 'number') shown.at(-1)?.loadMore(one);
			else await perform(one);
		}
		// To the end of the list, page by page.
		await vi.waitFor(
			() => {
				if (shown.at(-1)?.status === 'CanLoadMore') shown.at(-1)?.loadMore(3);
				expect(shown.at(-1)?.status).toBe('Exhausted');
			},
			{ timeout: 10_000, interval: 2 }
		);
		check(model.read(order, without));
		await perform({ inserted: [{ day: 3, name: 'plain' }], patched: [], removed: [] });
	} finally {
		await client.close();
	}
}

test('pages are the list: no gap, nothing twice, through writes, splits and cut connections', async () => {
	await fc.assert(fc.asyncProperty(scenario, play), { numRuns: 16 });
	expect(halves).toBeGreaterThan(0);
}, 120_000);
