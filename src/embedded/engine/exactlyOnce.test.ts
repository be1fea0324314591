import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Corpus } from '../corpus/harness.ts';
import { killEngineOf } from '../fuzz/kill/processes.ts';
import type { MutationResult } from './types.ts';

let corpus: Corpus;
beforeAll(async () => {
	corpus = await Corpus.start({ userTime: 1_000 });
});
afterAll(() => corpus.close());

const Days = z.array(z.object({ day: z.number() }));

/** Days of the items that are stored, which are the marks of the mutations that inserted them. */
async function stored(): Promise<number[]> {
	const { page } = await corpus.engine.tableData({
		componentPath: '',
		table: 'items',
		order: 'asc',
		numItems: 100_000,
		cursor: null
	});
	return Days.parse(JSON.parse(page)).map(({ day }) => day);
}

let lastDay = 0;

function insert(): { readonly day: number; readonly result: Promise<MutationResult> } {
	const day = ++lastDay;
	return { day, result: corpus.engine.mutation(corpus.call('items:insert', { name: 'once', day })) };
}

/** Every mutation that succeeded was done once, and every other not at all. Returns the words of the failures. */
async function expectOnce(mutations: readonly ReturnType<typeof insert>[]): Promise<string[]> {
	const results = await Promise.all(mutations.map(({ result }) => result));
	const days = await stored();
	const failures: string[] = [];
	for (const [i, { day }] of mutations.entries()) {
		const outcome = results[i]?.outcome;
		expect(days.filter((found) => found === day).length).toBe(outcome?.ok === true ? 1 : 0);
		if (outcome?.ok === false) failures.push(outcome.failure.message);
	}
	return failures;
}

describe('when the engine process dies', () => {
	it('mutations before and after a runaway function are done once, and only that function fails', async () => {
		const before = Array.from({ length: 50 }, insert);
		const loop = corpus.mutation('runtime:loopsInMutation').catch((error: unknown) => String(error));
		const after = Array.from({ length: 50 }, insert);
		expect(await loop).toContain('timed out (maximum duration: 1s)');
		expect(await expectOnce([...before, ...after])).toEqual([]);
	});

	it.runIf(process.platform === 'linux')(
		'killed from outside at any moment: every call succeeds and is done once',
		async () => {
			await fc.assert(
				fc.asyncProperty(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 80 }), async (delay, inFlight) => {
					const { engine } = corpus;
					const mutations: ReturnType<typeof insert>[] = [];
					let stopped = false;
					const client = async (): Promise<void> => {
						while (!stopped) {
							const mutation = insert();
							mutations.push(mutation);
							await mutation.result;
						}
					};
					const clients = Array.from({ length: inFlight }, client);
					await setTimeout(delay);
					const seen = engine.latestTs();
					killEngineOf(process.pid);
					while (engine.latestTs() <= seen) await setTimeout(5);
					stopped = true;
					await Promise.all(clients);
					expect(await expectOnce(mutations)).toEqual([]);
				}),
				{ numRuns: 12 }
			);
		},
		120_000
	);
});
