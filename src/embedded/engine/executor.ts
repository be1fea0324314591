import { freshSeed, seededRandom } from './random.ts';
import type { SqliteStore } from '../store/store.ts';
import type { StoreTransaction } from '../store/transaction.ts';
import type { CommitWrites } from '../store/types.ts';
import { resolveFunction } from './access.ts';
import { newCall } from './call.ts';
import type { Request } from './call.ts';
import { formatLogLine, LogBuffer } from './console.ts';
import { failure } from './failure.ts';
import type { Fault } from './failure.ts';
import type { Limits } from './limits.ts';
import { parseFunctionPath } from './paths.ts';
import type { FunctionPath } from './paths.ts';
import type { MutationRun, QueryRun, Trace } from './protocol.ts';
import type { Runner } from './runner.ts';
import type { Removals } from '../files/removals.ts';
import type { Sessions } from './sessions.ts';
import type { CommitNotice, FunctionCall, Outcome, QueryRequest, SessionRequest } from './types.ts';
import { Usage } from './usage.ts';
import { WatchedQueries } from './watchedQueries.ts';
import type { WatchedQuery } from './watchedQueries.ts';

/** What else belongs to a mutation's transaction. */
export interface MutationExtras {
	readonly session?: SessionRequest | null;
	readonly job?: string;
	/** Runs before the function: what it writes, the function sees. */
	readonly prepare?: (tx: StoreTransaction) => void;
	/** Runs after the function and before the commit. */
	readonly settle?: (tx: StoreTransaction) => void;
}

const COMMIT_TS_TOKEN = '{"$commitTs":null}';

/** Runs one request at a time in a transaction of its own and says what came of it. */
export class Executor {
	readonly #store: SqliteStore;
	readonly #runner: Runner;
	readonly #sessions: Sessions;
	readonly #removals: Removals;
	readonly #limits: Limits;
	#watched = new WatchedQueries();

	constructor(store: SqliteStore, runner: Runner, sessions: Sessions, removals: Removals, limits: Limits) {
		this.#store = store;
		this.#runner = runner;
		this.#sessions = sessions;
		this.#removals = removals;
		this.#limits = limits;
	}

	async query(query: QueryRequest): Promise<QueryRun> {
		const started = performance.now();
		const tx = this.#store.begin('read');
		const request = newRequest(query, tx, this.#limits);
		let nextJournal: string | null = null;
		let outcome: Outcome;
		try {
			const path =
				query.source === undefined ? this.#queryPath(query) : parseFunctionPath(query.path, query.componentPath);
			const call = newCall(request, { kind: 'Query', path, depth: 0, journal: query.journal, limits: this.#limits });
			try {
				outcome = succeeded(await this.#runner.run(call, query.args, query.source), request.logs);
			} finally {
				while (call.nested !== null) await call.nested;
				call.ended = true;
			}
			nextJournal = call.nextJournal;
		} catch (error) {
			outcome = failed(this.#runner.fault(error, query.componentPath), request);
		}
		const reads = tx.reads;
		tx.commit();
		const run = {
			result: { outcome, journal: nextJournal, readIdentity: request.readIdentity },
			trace: trace(request, started, 'Query')
		};
		this.#watched.add(query, reads, run);
		return run;
	}

	#queryPath(query: QueryRequest): FunctionPath {
		return resolveFunction(query, 'Query', this.#runner.components).path;
	}

	async mutation(mutation: FunctionCall, extras: MutationExtras = {}): Promise<MutationRun> {
		const started = performance.now();
		const tx = this.#store.begin('write');
		const request = newRequest(mutation, tx, this.#limits, extras.job);
		try {
			const remembered = extras.session ? this.#sessions.find(tx, extras.session) : null;
			if (remembered !== null) {
				tx.rollback();
				const { value, logLines, ts } = remembered;
				return {
					path: mutation.path,
					componentPath: mutation.componentPath,
					result: { outcome: { ok: true, value, logLines }, ts },
					trace: trace(request, started, 'Mutation'),
					notice: null,
					scheduled: false
				};
			}
			const { path } = resolveFunction(mutation, 'Mutation', this.#runner.components);
			extras.prepare?.(tx);
			const call = newCall(request, { kind: 'Mutation', path, depth: 0, limits: this.#limits });
			let value: string;
			try {
				value = await this.#runner.run(call, mutation.args);
			} finally {
				while (call.nested !== null) await call.nested;
				call.ended = true;
			}
			if (value.includes(COMMIT_TS_TOKEN)) value = value.replaceAll(COMMIT_TS_TOKEN, int64Json(this.#store.commitTs()));
			const outcome = succeeded(value, request.logs);
			if (extras.session)
				this.#sessions.remember(
					tx,
					extras.session,
					{ value, logLines: outcome.logLines, ts: this.#store.commitTs() },
					request.now
				);
			extras.settle?.(tx);
			const writes = tx.commit();
			this.#removals.add(request.removedFiles);
			return {
				path: mutation.path,
				componentPath: mutation.componentPath,
				result: { outcome, ts: writes.ts },
				trace: trace(request, started, 'Mutation', writes.entryCount),
				notice: this.notice(writes),
				scheduled: request.usage.scheduled > 0
			};
		} catch (error) {
			tx.rollback();
			const outcome = failed(this.#runner.fault(error, mutation.componentPath), request);
			return {
				path: mutation.path,
				componentPath: mutation.componentPath,
				result: { outcome, ts: null },
				trace: trace(request, started, 'Mutation'),
				notice: null,
				scheduled: false
			};
		}
	}

	unsubscribe(names: readonly string[]): void {
		for (const name of names) this.#watched.remove(name);
	}

	/** After a change that no read set can tell of: everybody asks anew. */
	forgetSubscriptions(): void {
		this.#watched = new WatchedQueries();
	}

	/** A change of the engine's own, outside of any function. */
	write<T>(change: (tx: StoreTransaction) => T): { readonly value: T; readonly notice: CommitNotice } {
		const tx = this.#store.begin('write');
		try {
			const value = change(tx);
			return { value, notice: this.notice(tx.commit()) };
		} catch (error) {
			tx.rollback();
			throw error;
		}
	}

	/** Tells which subscriptions a commit touched, and forgets them. */
	notice(writes: CommitWrites): CommitNotice {
		return { ts: writes.ts, invalidated: this.#watched.touchedBy(writes), everything: false };
	}

	/** The queries that the newest commit touched; once. */
	takeTouched(): readonly WatchedQuery[] {
		return this.#watched.takeTouched(this.#store.latestTs);
	}
}

function newRequest(
	call: FunctionCall,
	transaction: StoreTransaction,
	limits: Limits,
	job: string | null = null
): Request {
	return {
		identity: call.identity,
		requestId: call.requestId,
		caller: call.caller,
		transaction,
		logs: new LogBuffer(limits),
		now: Date.now(),
		random: seededRandom(freshSeed()),
		job,
		readIdentity: false,
		usage: new Usage(),
		removedFiles: []
	};
}

function succeeded(value: string, logs: LogBuffer): Extract<Outcome, { ok: true }> {
	return { ok: true, value, logLines: logs.lines.map(formatLogLine) };
}

function failed(fault: Fault, request: Request): Outcome {
	return { ok: false, failure: failure(fault, request.requestId), logLines: request.logs.lines.map(formatLogLine) };
}

function trace(
	{ logs, usage }: Request,
	started: number,
	udfType: Trace['udfType'],
	databaseWriteIndexRows = 0
): Trace {
	const duration = performance.now() - started;
	const { documentsRead, bytesRead, documentsWritten, bytesWritten } = usage.used;
	return {
		lines: logs.lines,
		duration,
		udfType,
		environment: 'isolate',
		usage: {
			databaseReadBytes: bytesRead,
			databaseReadDocuments: documentsRead,
			databaseWriteBytes: bytesWritten,
			databaseWriteDocuments: documentsWritten,
			databaseWriteIndexRows,
			storageReadBytes: usage.storageRead,
			storageWriteBytes: usage.storageWritten
		}
	};
}

function int64Json(value: bigint): string {
	const bytes = Buffer.alloc(8);
	bytes.writeBigInt64LE(value);
	return JSON.stringify({ $integer: bytes.toString('base64') });
}
