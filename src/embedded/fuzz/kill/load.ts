import fc from 'fast-check';
import { faultsOf } from '../history/check.ts';
import type { Event } from '../history/check.ts';
import { HistoryClient } from '../history/client.ts';
import type { LedgerCall } from '../history/ledger.ts';
import type { Told } from './inspect.ts';

const CLIENTS = 4;
/** Calls that one client has under way. */
const DEPTH = 3;

/** What all rounds on one folder have been told. */
export class Tally implements Told {
	readonly batches = new Set<string>();
	readonly failed = new Set<string>();
	readonly kept = new Set<string>();
	ts = 0n;
	acknowledged = 0;
	refused = 0;
}

type Work =
	| { readonly kind: 'ledger'; readonly call: LedgerCall }
	| { readonly kind: 'batch'; readonly rows: number }
	| { readonly kind: 'file' };

/** Clients that do not stop asking, whatever becomes of the server. One round; names of rounds do not meet. */
export class Load {
	readonly #name: string;
	readonly #tally: Tally;
	readonly #clients: HistoryClient[];
	readonly #history: Event[] = [];
	readonly #work: Promise<void>[];
	#url: string;
	#stopping = false;
	#batches = 0;
	#onFirst: (() => void) | null = null;
	/** Settles with the first acknowledgement. */
	readonly begun = new Promise<void>((resolve) => (this.#onFirst = resolve));

	constructor(name: string, seed: number, url: string, tally: Tally) {
		this.#name = name;
		this.#tally = tally;
		this.#url = url;
		const accounts = [`a ${name}`, `b ${name}`, `c ${name}`];
		const questions = [
			{ accounts, lists: [] },
			{ accounts: accounts.slice(1), lists: [`l ${name}`] }
		];
		this.#clients = Array.from(
			{ length: CLIENTS },
			(_, i) => new HistoryClient(`${name}/${i}`, url, questions, (event) => this.#heard(event))
		);
		const works = fc.sample(workOf(name, accounts), { seed, numRuns: 5_000 });
		this.#work = this.#clients.flatMap((client) =>
			Array.from({ length: DEPTH }, () => this.#keepAsking(client, works))
		);
	}

	moveTo(url: string): void {
		this.#url = url;
		for (const client of this.#clients) client.moveTo(url);
	}

	/** No new work from now on; resolves when everything under way is answered and seen. */
	async finish(): Promise<void> {
		this.#stopping = true;
		await Promise.all(this.#work);
		while (this.#clients.some(({ unconfirmed }) => unconfirmed > 0))
			await new Promise((resolve) => setTimeout(resolve, 5));
	}

	/** Ends the clients. Returns what is wrong with what they saw. */
	end(): string[] {
		for (const client of this.#clients) client.stop();
		const faults = this.#clients.flatMap(({ fault }) => (fault === null ? [] : [fault]));
		return [...faults, ...faultsOf(this.#history)];
	}

	async #keepAsking(client: HistoryClient, works: Work[]): Promise<void> {
		for (let work = works.pop(); work !== undefined && !this.#stopping; work = works.pop()) {
			if (work.kind === 'ledger') await client.mutate(work.call).catch(() => undefined);
			else if (work.kind === 'batch') await this.#batch(client, work.rows);
			else await this.#file(client);
		}
	}

	async #batch(client: HistoryClient, rows: number): Promise<void> {
		const batch = `${this.#name} ${this.#batches++}`;
		try {
			await client.call('ledger:batch', { batch, rows });
			this.#tally.batches.add(batch);
			this.#acknowledge();
		} catch {
			this.#tally.failed.add(batch);
			this.#tally.refused++;
		}
	}

	/** Uploads bytes and then names them; what a kill interrupts is given up. */
	async #file(client: HistoryClient): Promise<void> {
		const name = `file ${this.#name} ${this.#batches++}`;
		try {
			const uploadUrl = new URL(String(await client.call('ledger:uploadUrl', {})));
			const response = await fetch(new URL(uploadUrl.pathname + uploadUrl.search, this.#url), {
				method: 'POST',
				body: name
			});
			const { storageId } = await response.json();
			await client.call('ledger:keep', { name, storageId });
			this.#tally.kept.add(name);
			this.#acknowledge();
		} catch {
			this.#tally.refused++;
		}
	}

	#heard(event: Event): void {
		this.#history.push(event);
		if ((event.event === 'ok' || event.event === 'transition') && event.ts > this.#tally.ts) this.#tally.ts = event.ts;
		if (event.event === 'ok') this.#acknowledge();
		if (event.event === 'refused') this.#tally.refused++;
	}

	#acknowledge(): void {
		this.#tally.acknowledged++;
		this.#onFirst?.();
	}
}

function workOf(name: string, accounts: readonly string[]): fc.Arbitrary<Work> {
	const account = fc.constantFrom(...accounts);
	const by = fc.integer({ min: 1, max: 9 });
	const ledger = fc.oneof(
		fc.record({ call: fc.constant('transfer' as const), args: fc.record({ from: account, to: account, by }) }),
		fc.record({
			call: fc.constant('append' as const),
			args: fc.record({ list: fc.constant(`l ${name}`), item: fc.string({ maxLength: 3 }) })
		}),
		fc.record({ call: fc.constant('withdraw' as const), args: fc.record({ from: account, by }) })
	);
	return fc.oneof(
		{ weight: 8, arbitrary: ledger.map((call): Work => ({ kind: 'ledger', call })) },
		{
			weight: 4,
			arbitrary: fc
				.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 200 }))
				.map((rows): Work => ({ kind: 'batch', rows }))
		},
		{ weight: 1, arbitrary: fc.constant<Work>({ kind: 'file' }) }
	);
}
