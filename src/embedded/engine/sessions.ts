import type { Database } from '../store/database.ts';
import { parseJson } from './json.ts';
import type { LogLines, SessionRequest } from './types.ts';

/** The answer that a session's mutation got when it first ran. */
export interface Remembered {
	readonly value: string;
	readonly logLines: LogLines;
	readonly ts: bigint;
}

/** Answers of mutations by session and request id: a mutation that is sent again is answered again and not run again. */
export class Sessions {
	readonly #database: Database;

	constructor(database: Database) {
		this.#database = database;
	}

	find({ sessionId, requestId }: SessionRequest): Remembered | null {
		const row = this.#database.row(
			'SELECT outcome, CAST(ts AS TEXT) FROM session_requests WHERE session = ? AND request = ?',
			sessionId,
			requestId
		);
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
	remember({ sessionId, requestId }: SessionRequest, answer: Remembered, now: number): void {
		this.#database.run(
			'INSERT INTO session_requests (session, request, ts, outcome, created) VALUES (?, ?, ?, ?, ?)',
			sessionId,
			requestId,
			answer.ts,
			JSON.stringify([answer.value, answer.logLines]),
			now
		);
	}

	prune(before: number): void {
		this.#database.run('DELETE FROM session_requests WHERE created < ?', before);
	}
}
