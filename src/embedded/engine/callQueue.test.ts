import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EVERYTHING } from '../values/keys.ts';
import { Database } from '../store/database.ts';
import { HeldCommitter } from '../store/heldCommitter.testing.ts';
import { SqliteStore } from '../store/store.ts';
import { drain } from '../store/testStore.ts';
import { SavedAnswers } from './answers.ts';
import { CallQueue } from './callQueue.ts';
import { emptyTrace } from './logs.ts';
import { isMessage } from './rpc.ts';
import type { CallMessage, Message } from './rpc.ts';
import type { Renewal } from './protocol.ts';
import { readRunning, RunningNote } from './running.ts';

type TestMethods = {
	add(name: string): string;
	names(params: null): readonly string[];
	running(params: null): number;
	/** Waits until the test lets it go on. */
	slowNames(params: null): readonly string[];
};

let dataDir: string;
let store: SqliteStore;
let committer: HeldCommitter;
let queue: CallQueue<TestMethods>;
let answers: SavedAnswers;
let sent: Message[];
let ids: number;
let gate: PromiseWithResolvers<void>;
let losses: number;
/** What runs again after a call that wrote. */
let renew: (() => Promise<readonly Renewal[]>) | null;

beforeEach(() => {
	dataDir = mkdtempSync(join(tmpdir(), 'embedded-queue-'));
	const database = Database.open(join(dataDir, 'data.sqlite'));
	committer = new HeldCommitter(database);
	store = SqliteStore.openWith(database, committer);
	answers = new SavedAnswers(store);
	sent = [];
	ids = 0;
	losses = 0;
	gate = Promise.withResolvers();
	renew = null;
	const names = (): string[] => {
		const tx = store.begin('read');
		const found = drain(tx.scan('', 'notes', 'by_creation_time', EVERYTHING, 'asc'));
		tx.commit();
		return found.map(({ json }) => String(JSON.parse(json).name));
	};
	queue = new CallQueue<TestMethods>(
		{
			add(name) {
				const tx = store.begin('write');
				tx.insert('', 'notes', { name });
				tx.commit();
				return `added ${name}`;
			},
			names,
			running: () => readRunning(dataDir)?.call ?? -1,
			async slowNames() {
				const seen = names();
				await gate.promise;
				return seen;
			}
		},
		(message) => {
			if (isMessage(message)) sent.push(message);
		}
	);
	const running = new RunningNote(dataDir);
	queue.use({ pipeline: store.pipeline, answers, running, onLost: () => losses++, renewal: () => renew });
});
afterEach(() => {
	store.close();
	rmSync(dataDir, { recursive: true, force: true });
});

function call(method: keyof TestMethods, params: unknown = null): CallMessage {
	return { kind: 'call', id: ++ids, method, params };
}

function renewal(name: string): Renewal {
	const call = {
		path: 'names',
		componentPath: '',
		identity: { kind: 'none' },
		caller: 'client',
		requestId: ''
	} as const;
	const outcome = { ok: true, value: '[]', logLines: [] } as const;
	const run = { result: { outcome, journal: null, readIdentity: false }, trace: emptyTrace('Query') };
	return { of: `before ${name}`, name, call, run };
}

/** Sends calls and lets the queue execute them. */
async function send(...calls: CallMessage[]): Promise<void> {
	queue.receive({ kind: 'calls', calls, received: 0 });
	await setImmediate();
	await setImmediate();
}

const answered = () =>
	sent
		.flatMap((message) => (message.kind === 'answers' ? message.answers : []))
		.map((answer) => (answer.kind === 'reply' ? [answer.id, answer.value] : [answer.id, answer.message]));

/** The disk takes a batch, and the process notices. */
function written(): void {
	committer.write();
	store.pipeline.settle();
}

function breakDisk(): void {
	store.database.connection.exec(`PRAGMA query_only = OFF;
		CREATE TEMP TRIGGER fail BEFORE INSERT ON docs BEGIN SELECT RAISE(ABORT, 'no room'); END; PRAGMA query_only = ON`);
}

function mendDisk(): void {
	store.database.connection.exec('PRAGMA query_only = OFF; DROP TRIGGER temp.fail; PRAGMA query_only = ON');
}

describe('the calls of the engine process', () => {
	it('are answered at once while nothing is on its way to the disk', async () => {
		await send(call('names'));
		expect(answered()).toEqual([[1, []]]);
	});

	it('are executed meanwhile and answered in order when all that they saw is durable', async () => {
		await send(call('add', 'a'));
		await send(call('add', 'b'), call('names'));
		expect(answered()).toEqual([]);
		written();
		expect(answered()).toEqual([[1, 'added a']]);
		written();
		expect(answered()).toEqual([
			[1, 'added a'],
			[2, 'added b'],
			[3, ['a', 'b']]
		]);
		expect(sent.map((message) => (message.kind === 'answers' ? message.batch : null))).toEqual([1, 2]);
	});

	it('leave their answers in the file with what they wrote, until the front says that it has them', async () => {
		await send(call('add', 'a'));
		await send(call('add', 'b'), call('names'));
		committer.write();
		// The process dies here: the disk has the first batch, nobody has an answer.
		expect(new SavedAnswers(store).read()).toEqual([{ kind: 'reply', id: 1, value: 'added a' }]);
		store.pipeline.beforeBatch = () => [];
	});

	it('forget answers that the front has', async () => {
		await send(call('add', 'a'));
		written();
		queue.receive({ kind: 'calls', calls: [call('add', 'b')], received: 1 });
		await setImmediate();
		written();
		expect(answers.read().map(({ id }) => id)).toEqual([2]);
		answers.clear();
		expect(answers.read()).toEqual([]);
	});

	it('are refused when what they wrote is lost, and done again when they only read', async () => {
		breakDisk();
		await send(call('add', 'a'));
		await send(call('add', 'b'), call('names'));
		written();
		await setImmediate();
		mendDisk();
		expect(answered()).toEqual([
			[1, expect.stringContaining('no room')],
			[2, expect.stringContaining('no room')],
			[3, []]
		]);
		expect(sent.map(({ kind }) => kind)).toEqual(['answers', 'lost', 'answers']);
		expect(losses).toBe(1);
		await send(call('add', 'c'), call('names'));
		written();
		expect(answered().slice(3)).toEqual([
			[4, 'added c'],
			[5, ['c']]
		]);
		expect(answers.read().map(({ id }) => id)).toEqual([4]);
	});

	it('are done again when what they read was lost while they ran', async () => {
		await send(call('add', 'a'), call('slowNames'));
		breakDisk();
		written();
		mendDisk();
		gate.resolve();
		await setImmediate();
		expect(answered()).toEqual([
			[1, expect.stringContaining('no room')],
			[2, []]
		]);
	});

	it('wait for the queries that they touched, and go out together with their answers', async () => {
		renew = async () => {
			await gate.promise;
			return [renewal('one')];
		};
		await send(call('add', 'a'));
		expect(readRunning(dataDir)?.call).toBe(0);
		written();
		// Durable, but the front has not been told: it must not hear either that it has all answers.
		expect(sent).toEqual([]);
		gate.resolve();
		await setImmediate();
		expect(sent).toEqual([
			{
				kind: 'answers',
				answers: [{ kind: 'reply', id: 1, value: 'added a' }],
				batch: 1,
				renewals: [renewal('one')]
			}
		]);
		expect(answers.read()).toEqual([{ kind: 'reply', id: 1, value: 'added a' }]);
	});

	it('have no queries run again while others wait', async () => {
		let renewals = 0;
		renew = async () => [renewal(String(++renewals))];
		await send(call('add', 'a'), call('add', 'b'));
		await send(call('names'));
		written();
		written();
		expect(answered()).toHaveLength(3);
		expect(renewals).toBe(1);
	});

	it('are refused, and nothing of the queries told, when what they wrote is lost meanwhile', async () => {
		renew = async () => {
			await gate.promise;
			return [renewal('one')];
		};
		breakDisk();
		await send(call('add', 'a'));
		written();
		mendDisk();
		gate.resolve();
		await setImmediate();
		expect(answered()).toEqual([[1, expect.stringContaining('no room')]]);
		expect(sent.flatMap((message) => (message.kind === 'answers' ? message.renewals : []))).toEqual([]);
	});

	it('say in a file which of them is being executed', async () => {
		await send(call('names'), call('running'));
		expect(answered()[1]).toEqual([2, 2]);
		expect(readRunning(dataDir)?.call).toBe(0);
	});
});
