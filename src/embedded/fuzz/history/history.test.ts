/** Four clients at once against a deployment in a process of its own, whose sockets are cut at random. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bundleCorpus } from '../../corpus/bundle.ts';
import { startProcess } from '../../testApp.testing.ts';
import type { DeploymentProcess } from '../../testApp.testing.ts';
import { deploy } from '../deploy.ts';
import { faultsOf } from './check.ts';
import type { Event } from './check.ts';
import { HistoryClient } from './client.ts';
import type { LedgerCall } from './ledger.ts';

const CLIENTS = ['w', 'x', 'y', 'z'];
const SEED = Math.floor(Date.now() / 86_400_000);
const ROUNDS = 12;

let dataDir: string;
let deployment: DeploymentProcess;

beforeAll(async () => {
	dataDir = mkdtempSync(path.join(tmpdir(), 'history-'));
	deployment = await startProcess(dataDir, 0);
	const bundle = await bundleCorpus();
	await deploy(deployment, { ...bundle, functions: bundle.functions.filter(({ path: file }) => file !== 'crons.js') });
}, 60_000);

afterAll(async () => {
	deployment.child.kill('SIGKILL');
	await deployment.ended;
	rmSync(dataDir, { recursive: true, force: true });
});

/** Names of one round, so that rounds do not meet. */
function callsOf(round: number): fc.Arbitrary<LedgerCall> {
	const account = fc.constantFrom('a', 'b', 'c').map((name) => `${name}${round}`);
	const by = fc.integer({ min: 1, max: 9 });
	return fc.oneof(
		fc.record({ call: fc.constant('transfer' as const), args: fc.record({ from: account, to: account, by }) }),
		fc.record({
			call: fc.constant('append' as const),
			args: fc.record({ list: fc.constant(`l${round}`), item: fc.string({ maxLength: 3 }) })
		})
	);
}

type Step = { readonly client: number } & (
	| { readonly act: 'call'; readonly call: LedgerCall }
	| { readonly act: 'cut' }
	| { readonly act: 'pause'; readonly ms: number }
);

function stepsOf(round: number): fc.Arbitrary<Step[]> {
	const client = fc.nat(CLIENTS.length - 1);
	return fc.array(
		fc.oneof(
			{ weight: 8, arbitrary: fc.record({ act: fc.constant('call' as const), client, call: callsOf(round) }) },
			{ weight: 1, arbitrary: fc.record({ act: fc.constant('cut' as const), client }) },
			{ weight: 2, arbitrary: fc.record({ act: fc.constant('pause' as const), client, ms: fc.nat(6) }) }
		),
		{ minLength: 60, maxLength: 120 }
	);
}

async function play(round: number, steps: readonly Step[]): Promise<Event[]> {
	const history: Event[] = [];
	const accounts = ['a', 'b', 'c'].map((name) => `${name}${round}`);
	// Two questions, so that a transition that mixes two states shows.
	const questions = [
		{ accounts, lists: [] },
		{ accounts: accounts.slice(1), lists: [`l${round}`] }
	];
	const clients = CLIENTS.map(
		(name) => new HistoryClient(name, deployment.url, questions, (event) => void history.push(event))
	);
	const calls: Promise<void>[] = [];
	for (const step of steps) {
		const client = clients[step.client];
		if (step.act === 'pause') await setTimeout(step.ms);
		else if (step.act === 'cut') client?.cut();
		else if (client !== undefined) calls.push(client.mutate(step.call));
	}
	await Promise.all(calls);
	await vi.waitFor(() => expect(clients.map(({ unconfirmed }) => unconfirmed)).toEqual([0, 0, 0, 0]), {
		timeout: 10_000
	});
	for (const client of clients) client.stop();
	expect(clients.map(({ fault }) => fault)).toEqual([null, null, null, null]);
	return history;
}

describe('four concurrent clients', () => {
	test(`see one history, whatever becomes of their sockets (seed ${SEED})`, async () => {
		let acknowledged = 0;
		let reconnects = 0;
		for (let round = 0; round < ROUNDS; round++) {
			const [steps = []] = fc.sample(stepsOf(round), { seed: SEED + round, numRuns: 1 });
			const history = await play(round, steps);
			expect(faultsOf(history), `round ${round}`).toEqual([]);
			acknowledged += history.filter(({ event }) => event === 'ok').length;
			reconnects += history.filter(({ event }) => event === 'connect').length - CLIENTS.length;
			for (const event of history) {
				if (event.event !== 'transition') continue;
				for (const { question, answer } of event.seen)
					if (question.accounts.length === 3) expect(totalOf(answer)).toBe(0);
			}
		}
		expect(acknowledged).toBeGreaterThan(ROUNDS * 40);
		expect(reconnects).toBeGreaterThan(ROUNDS);
	}, 60_000);

	test('50 writers on one account: every write counts', async () => {
		const questions = [{ accounts: ['storm', 'sea'], lists: [] }];
		const history: Event[] = [];
		const clients = Array.from(
			{ length: 50 },
			(_, i) => new HistoryClient(`writer ${i}`, deployment.url, questions, (event) => void history.push(event))
		);
		await Promise.all(
			clients.flatMap((client) =>
				[1, 2].map((by) => client.mutate({ call: 'transfer', args: { from: 'sea', to: 'storm', by } }))
			)
		);
		await vi.waitFor(() => expect(clients.every(({ unconfirmed }) => unconfirmed === 0)).toBe(true), {
			timeout: 10_000
		});
		for (const client of clients) client.stop();
		expect(faultsOf(history)).toEqual([]);
		const last = history.findLast(({ event }) => event === 'transition');
		expect(last?.event === 'transition' ? last.seen[0]?.answer : null).toEqual({ accounts: [150, -150], lists: [] });
	}, 60_000);
});

function totalOf(answer: unknown): number {
	const accounts = typeof answer === 'object' && answer !== null && 'accounts' in answer ? answer.accounts : [];
	return Array.isArray(accounts) ? accounts.reduce((total: number, value) => total + Number(value), 0) : NaN;
}
