import { isDeepStrictEqual } from 'node:util';
import { Ledger } from './ledger.ts';
import type { LedgerCall, LedgerQuestion } from './ledger.ts';

/** What clients did and were told, in the order in which it happened. Timestamps are nanoseconds of the server's. */
export type Event =
	| { readonly event: 'invoke'; readonly client: string; readonly request: number; readonly call: LedgerCall }
	/** May come again when a client asks again after it has lost its connection. */
	| {
			readonly event: 'ok';
			readonly client: string;
			readonly request: number;
			readonly ts: bigint;
			readonly answer: unknown;
	  }
	| { readonly event: 'refused'; readonly client: string; readonly request: number }
	| { readonly event: 'connect'; readonly client: string }
	/** All that a client sees of its questions after a transition. */
	| {
			readonly event: 'transition';
			readonly client: string;
			readonly ts: bigint;
			readonly seen: readonly { readonly question: LedgerQuestion; readonly answer: unknown }[];
	  };

interface Committed {
	readonly name: string;
	readonly client: string;
	readonly call: LedgerCall;
	readonly ts: bigint;
	readonly answer: unknown;
}

/**
 * What a history shows to be wrong; nothing when it could have come from a deployment that runs one mutation after the
 * other, in the order of commit timestamps and of real time, and shows every client whole states that never go back.
 */
export function faultsOf(history: readonly Event[]): string[] {
	const { committed, faults } = commitsOf(history);
	return [...faults, ...replayFaults(committed, history), ...clientFaults(history)];
}

/** Mutations that were acknowledged, in the order of their timestamps, and what is wrong about acknowledgements. */
function commitsOf(history: readonly Event[]): { readonly committed: readonly Committed[]; readonly faults: string[] } {
	const faults: string[] = [];
	const calls = new Map<string, { call: LedgerCall; after: bigint }>();
	const refused = new Set<string>();
	const acknowledged = new Map<string, Committed>();
	// The latest timestamp that anybody had heard of when a mutation was asked for: it must be later.
	let heard = 0n;
	for (const event of history) {
		if (event.event === 'connect') continue;
		if (event.event === 'transition') {
			if (event.ts > heard) heard = event.ts;
			continue;
		}
		const name = `${event.client} #${event.request}`;
		if (event.event === 'invoke') calls.set(name, { call: event.call, after: heard });
		else if (event.event === 'refused') refused.add(name);
		else {
			const invoked = calls.get(name);
			const before = acknowledged.get(name);
			if (invoked === undefined) faults.push(`${name} was acknowledged and never asked for.`);
			else if (before === undefined) {
				acknowledged.set(name, { name, ...event, call: invoked.call });
				if (event.ts <= invoked.after) faults.push(`${name} committed at ${event.ts}, before it was asked for.`);
			} else if (before.ts !== event.ts || !isDeepStrictEqual(before.answer, event.answer))
				faults.push(`${name} was acknowledged twice, and not in the same way.`);
			if (event.ts > heard) heard = event.ts;
		}
		if (refused.has(name) && acknowledged.has(name)) faults.push(`${name} was both refused and acknowledged.`);
	}
	for (const name of calls.keys())
		if (!acknowledged.has(name) && !refused.has(name)) faults.push(`${name} was never answered.`);
	const committed = [...acknowledged.values()].sort((a, b) => Number(a.ts - b.ts));
	for (const [place, { name, ts }] of committed.entries())
		if (committed[place + 1]?.ts === ts)
			faults.push(`${name} shares its timestamp ${ts} with ${committed[place + 1]?.name}.`);
	return { committed, faults };
}

/** Runs the mutations one after the other, and asks what clients were told in between. */
function replayFaults(committed: readonly Committed[], history: readonly Event[]): string[] {
	const faults: string[] = [];
	const ledger = new Ledger();
	const transitions = history.flatMap((event) => (event.event === 'transition' ? [event] : []));
	transitions.sort((a, b) => Number(a.ts - b.ts));
	let at = 0;
	const look = (until: bigint | null): void => {
		for (; ; at++) {
			const transition = transitions[at];
			if (transition === undefined || (until !== null && transition.ts >= until)) return;
			for (const { question, answer } of transition.seen) {
				const expected = ledger.answer(question);
				if (isDeepStrictEqual(answer, expected)) continue;
				faults.push(
					`${transition.client} saw ${JSON.stringify(answer)} at ${transition.ts}, when it was ${JSON.stringify(expected)}.`
				);
			}
		}
	};
	for (const { name, call, ts, answer } of committed) {
		look(ts);
		const expected = ledger.apply(call);
		if (!isDeepStrictEqual(answer, expected))
			faults.push(`${name} answered ${JSON.stringify(answer)} at ${ts}, where ${JSON.stringify(expected)} was right.`);
	}
	look(null);
	return faults;
}

/** What one client must see: time that never goes back, and its own writes once they are acknowledged. */
function clientFaults(history: readonly Event[]): string[] {
	const faults: string[] = [];
	const latest = new Map<string, bigint>();
	/** Commits that a client has not seen in a transition yet. */
	const unseen = new Map<string, bigint>();
	for (const event of history) {
		if (event.event === 'ok') {
			const before = unseen.get(event.client) ?? 0n;
			unseen.set(event.client, event.ts > before ? event.ts : before);
		} else if (event.event === 'transition') {
			const before = latest.get(event.client) ?? 0n;
			if (event.ts < before) faults.push(`${event.client} went from ${before} back to ${event.ts}.`);
			latest.set(event.client, event.ts);
			if (event.ts >= (unseen.get(event.client) ?? 0n)) unseen.delete(event.client);
		}
	}
	for (const [client, ts] of unseen) faults.push(`${client} never saw its own write of ${ts}.`);
	return faults;
}
