import type { StoreTransaction } from '../store/transaction.ts';
import { parseJson } from './json.ts';
import type { LogLines, SessionRequest } from './types.ts';

/** The answer that a session's mutation got when it first ran. */
export interface Remembered {
	readonly value: string;
	readonly logLines: LogLines;
	readonly ts: bigint;
}

/** Of how many sessions is kept in memory how far they came. */
const KNOWN_SESSIONS = 10_000;
/** Below every request id. */
const NONE = -1;

/** Answers of mutations by session and request id: a mutation that is sent again is answered again and not run again. */
export class Sessions {
	/** The highest request id of a session that may be remembered; those above it are new and need no look-up. */
	readonly #newest = new Map<string, number>();
	readonly #knownSessions: number;

	constructor(knownSessions = KNOWN_SESSIONS) {
		this.#knownSessions = knownSessions;
	}

	find(tx: StoreTransaction, request: SessionRequest): Remembered | null {
		if (request.requestId > this.#newestOf(tx, request)) return null;
		const row = tx.lookUp(nameOf(request), {
			sql: 'SELECT outcome, CAST(ts AS TEXT) FROM session_requests WHERE session = ? AND request = ?',
			parameters: [request.sessionId, request.requestId]
		});
		if (row === null) return null;
		const parsed = parseJson(String(row[0]));
		const [value, logLines] = Array.isArray(parsed) ? parsed : [];
		return {
			value: String(value),
			logLines: Array.isArray(logLines) ? logLines.map(String) : [],
			ts: BigInt(String(row[1]))
		};
	}

	/** Inside the mutation's own transaction. Only successes are kept: a failure changed nothing and may be tried again. */
	remember(tx: StoreTransaction, request: SessionRequest, { value, logLines, ts }: Remembered, now: number): void {
		const outcome = JSON.stringify([value, logLines]);
		const newest = Math.max(request.requestId, this.#newestOf(tx, request));
		tx.execute(
			{
				sql: 'INSERT INTO session_requests (session, request, ts, outcome, created) VALUES (?, ?, ?, ?, ?)',
				parameters: [request.sessionId, request.requestId, ts, outcome, now]
			},
			[nameOf(request), [outcome, String(ts)]],
			[newestName(request), [newest]]
		);
		this.#know(request.sessionId, newest);
	}

	prune(tx: StoreTransaction, before: number): void {
		tx.execute({ sql: 'DELETE FROM session_requests WHERE created < ?', parameters: [before] });
	}

	#newestOf(tx: StoreTransaction, request: SessionRequest): number {
		const known = this.#newest.get(request.sessionId);
		if (known !== undefined) return known;
		const [newest] =
			tx.lookUp(newestName(request), {
				sql: 'SELECT max(request) FROM session_requests WHERE session = ?',
				parameters: [request.sessionId]
			}) ?? [];
		return this.#know(request.sessionId, typeof newest === 'number' ? newest : NONE);
	}

	#know(sessionId: string, newest: number): number {
		if (this.#newest.size >= this.#knownSessions && !this.#newest.has(sessionId)) this.#newest.clear();
		this.#newest.set(sessionId, newest);
		return newest;
	}
}

function nameOf({ sessionId, requestId }: SessionRequest): string {
	return `session ${requestId} ${sessionId}`;
}

function newestName({ sessionId }: SessionRequest): string {
	return `newest of session ${sessionId}`;
}
