/** Many sockets, random questions and random writes: whatever the order, everybody is right in the end, and never half right. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startTestServer } from './wire.testing.ts';
import type { TestServer, Wire } from './wire.testing.ts';

const NAMES = ['a', 'b', 'c'];
const SOCKETS = 4;

const step = fc.oneof(
	fc.record({
		kind: fc.constant('move' as const),
		socket: fc.nat(SOCKETS - 1),
		from: fc.constantFrom(...NAMES),
		to: fc.constantFrom(...NAMES),
		by: fc.nat(9)
	}),
	fc.record({ kind: fc.constant('ask' as const), socket: fc.nat(SOCKETS - 1) }),
	fc.record({ kind: fc.constant('leave' as const), socket: fc.nat(SOCKETS - 1) }),
	fc.record({ kind: fc.constant('pause' as const), ms: fc.nat(4) })
);

let testServer: TestServer;
let runs = 0;

beforeAll(async () => void (testServer = await startTestServer()));
afterAll(() => testServer.close());

/** A socket that asks for every name in one go, so that what it holds always sums up to nothing. */
class Reader {
	readonly #wire: Wire;
	readonly #prefix: string;
	#version = 0;
	#requests = 0;
	#lastQuery = 0;
	/** Query ids of the questions it has asked, one for each name; empty while it asks nothing. */
	asked: number[] = [];

	constructor(wire: Wire, prefix: string) {
		this.#wire = wire;
		this.#prefix = prefix;
	}

	ask(): void {
		if (this.asked.length > 0) return;
		this.asked = NAMES.map(() => ++this.#lastQuery);
		this.#modify(
			NAMES.map((name, i) => {
				const args = [{ name: this.#prefix + name }];
				return { type: 'Add', queryId: this.asked[i], udfPath: 'numbers:get', args };
			})
		);
	}

	leave(): void {
		if (this.asked.length === 0) return;
		this.#modify(this.asked.map((queryId) => ({ type: 'Remove', queryId })));
		this.asked = [];
	}

	move(from: string, to: string, by: number): void {
		this.#wire.mutate(this.#requests++, 'numbers:move', { from: this.#prefix + from, to: this.#prefix + to, by });
	}

	/** What it has been told, after each transition. */
	*states(): Generator<Map<number, unknown>> {
		const state = new Map<number, unknown>();
		for (const message of this.#wire.messages) {
			if (message.type !== 'Transition') continue;
			for (const { type, queryId, value } of message.modifications ?? []) {
				if (type === 'QueryRemoved') state.delete(queryId);
				else state.set(queryId, value);
			}
			yield state;
		}
	}

	get answered(): number {
		return this.#wire.messages.filter(({ type }) => type === 'MutationResponse').length;
	}

	get sent(): number {
		return this.#requests;
	}

	current(): Map<number, unknown> {
		let last = new Map<number, unknown>();
		for (const state of this.states()) last = state;
		return last;
	}

	#modify(modifications: object[]): void {
		this.#wire.send({ type: 'ModifyQuerySet', baseVersion: this.#version, newVersion: ++this.#version, modifications });
	}
}

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** `crash`: before which step the engine's process ends. */
async function play(steps: readonly Step[], crash: number | null): Promise<void> {
	const prefix = `${++runs} `;
	const readers = await Promise.all(
		Array.from({ length: SOCKETS }, async () => new Reader(await testServer.connect(), prefix))
	);
	for (const [index, one] of steps.entries()) {
		if (index === crash) testServer.corpus.killEngine();
		if (one.kind === 'pause') await new Promise((resolve) => setTimeout(resolve, one.ms));
		else if (one.kind === 'ask') readers[one.socket]?.ask();
		else if (one.kind === 'leave') readers[one.socket]?.leave();
		else readers[one.socket]?.move(one.from, one.to, one.by);
	}
	for (const reader of readers) reader.ask();
	await vi.waitFor(() => readers.forEach((reader) => expect(reader.answered).toBe(reader.sent)), WITHIN);
	const truth = await Promise.all(NAMES.map((name) => testServer.corpus.query('numbers:get', { name: prefix + name })));
	await vi.waitFor(() => readers.forEach((reader) => expect([...reader.current().values()]).toEqual(truth)), WITHIN);
	for (const reader of readers) {
		for (const state of reader.states()) {
			expect([...state.values()].reduce((total: number, value) => total + Number(value), 0)).toBe(0);
		}
	}
	testServer.hangUp();
}

const WITHIN = { timeout: 10_000, interval: 5 };

const steps = fc.array(step, { minLength: 20, maxLength: 120 });

/** fast-check names the seed of a failure, and shrinks it. */
test('every socket sees whole commits, and ends with the truth', async () => {
	await fc.assert(
		fc.asyncProperty(steps, (some) => play(some, null)),
		{ numRuns: 40 }
	);
}, 60_000);

test('and also when the engine dies meanwhile', async () => {
	await fc.assert(fc.asyncProperty(steps, fc.nat(19), play), { numRuns: 10 });
}, 60_000);
