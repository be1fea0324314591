/** The checker accepts what one machine would do, and refuses every way of breaking it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { faultsOf } from './check.ts';
import type { Event } from './check.ts';
import { Ledger } from './ledger.ts';
import type { LedgerCall } from './ledger.ts';

const ACCOUNTS = ['a', 'b'];
const QUESTION = { accounts: [...ACCOUNTS, 'bank'], lists: ['l'] };

const call: fc.Arbitrary<LedgerCall> = fc.oneof(
	fc.record({
		call: fc.constant('transfer' as const),
		args: fc.record({
			from: fc.constant('a'),
			to: fc.constant('b'),
			by: fc.integer({ min: 1, max: 9 })
		})
	}),
	fc.nat(999).map((item): LedgerCall => ({ call: 'append', args: { list: 'l', item: `${item}` } }))
);

/** What a right deployment with two clients could leave: each client sees every commit at once. */
const history: fc.Arbitrary<Event[]> = fc
	.array(fc.record({ client: fc.constantFrom('x', 'y'), call }), { minLength: 3, maxLength: 12 })
	.map((calls) => {
		const ledger = new Ledger();
		return calls.flatMap((one, request): Event[] => {
			const ts = BigInt(request * 10 + 10);
			const answer = ledger.apply(one.call);
			const seen = [{ question: QUESTION, answer: ledger.answer(QUESTION) }];
			return [
				{ event: 'invoke', client: one.client, request, call: one.call },
				{ event: 'ok', client: one.client, request, ts, answer },
				{ event: 'transition', client: 'x', ts, seen },
				{ event: 'transition', client: 'y', ts, seen }
			];
		});
	});

type Change = (event: Event, history: readonly Event[]) => Event[];

/** Breaks one event of the given kind; null when there is none. */
function broken(events: readonly Event[], kind: Event['event'], which: number, change: Change): Event[] | null {
	const places = events.flatMap((event, place) => (event.event === kind ? [place] : []));
	const place = places[which % places.length];
	const event = place === undefined ? undefined : events[place];
	return place === undefined || event === undefined ? null : events.toSpliced(place, 1, ...change(event, events));
}

const BREAKS: readonly (readonly [string, Event['event'], Change])[] = [
	[
		'a lost mutation, acknowledged and not in the state',
		'invoke',
		(event) =>
			event.event === 'invoke' ? [{ ...event, call: { call: 'append', args: { list: 'elsewhere', item: 'x' } } }] : []
	],
	[
		'a mutation that ran twice',
		'ok',
		(event) => (event.event === 'ok' ? [event, { ...event, ts: event.ts + 1n }] : [])
	],
	['an answer of another state', 'ok', (event) => (event.event === 'ok' ? [{ ...event, answer: ['stale'] }] : [])],
	['a mutation that is never answered', 'ok', () => []],
	['a commit before it was asked for', 'ok', (event) => (event.event === 'ok' ? [{ ...event, ts: -event.ts }] : [])],
	['an acknowledgement out of nothing', 'invoke', () => []],
	[
		'a mutation both refused and acknowledged',
		'ok',
		(event) => (event.event === 'ok' ? [event, { event: 'refused', client: event.client, request: event.request }] : [])
	],
	[
		'time that goes back',
		'transition',
		(event) => (event.event === 'transition' ? [event, { ...event, ts: event.ts - 1n, seen: [] }] : [])
	],
	[
		'a transition of a state not yet reached',
		'transition',
		(event) => (event.event === 'transition' ? [{ ...event, ts: event.ts - 1n }] : [])
	],
	[
		'half of a state',
		'transition',
		(event) =>
			event.event === 'transition'
				? [{ ...event, seen: [{ question: QUESTION, answer: { accounts: [0.5, 0, 0], lists: [[]] } }] }]
				: []
	]
];

describe('the checker of histories', () => {
	test('accepts what one machine would do', () => {
		fc.assert(
			fc.property(history, (events) => {
				expect(faultsOf(events)).toEqual([]);
			})
		);
	});

	test.each(BREAKS)('refuses %s', (_name, kind, change) => {
		fc.assert(
			fc.property(history, fc.nat(20), (events, which) => {
				const bad = broken(events, kind, which, change);
				if (bad !== null) expect(faultsOf(bad)).not.toEqual([]);
			})
		);
	});

	test('refuses two commits in the wrong order', () => {
		const write = (request: number, item: string, ts: bigint, answer: string[]): Event[] => [
			{ event: 'invoke', client: 'x', request, call: { call: 'append', args: { list: 'l', item } } },
			{ event: 'ok', client: 'x', request, ts, answer }
		];
		const seen: Event = { event: 'transition', client: 'x', ts: 9n, seen: [] };
		expect(faultsOf([...write(0, 'a', 5n, ['a']), ...write(1, 'b', 6n, ['a', 'b']), seen])).toEqual([]);
		expect(faultsOf([...write(0, 'a', 6n, ['b', 'a']), ...write(1, 'b', 5n, ['b']), seen])).not.toEqual([]);
	});

	test('refuses a write that its own client never sees', () => {
		const events: Event[] = [
			{ event: 'invoke', client: 'x', request: 0, call: { call: 'append', args: { list: 'l', item: 'a' } } },
			{ event: 'ok', client: 'x', request: 0, ts: 5n, answer: ['a'] },
			{
				event: 'transition',
				client: 'x',
				ts: 4n,
				seen: [{ question: QUESTION, answer: { accounts: [0, 0, 0], lists: [[]] } }]
			}
		];
		expect(faultsOf(events)).toEqual(['x never saw its own write of 5.']);
	});
});
