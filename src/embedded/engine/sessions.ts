import type { StoreTransaction } from '../store/transaction.ts';
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
	find(tx: StoreTransaction, request: SessionRequest): Remembered | null {
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
		tx.execute(
			{
				sql: 'INSERT INTO session_requests (session, request, ts, outcome, created) VALUES (?, ?, ?, ?, ?)',
				parameters: [request.sessionId, request.requestId, ts, outcome, now]
			},
			[nameOf(request), [outcome, String(ts)]]
		);
	}

	prune(tx: StoreTransaction, before: number): void {
		tx.execute({ sql: 'DELETE FROM session_requests WHERE created < ?', parameters: [before] });
	}
}

function nameOf({ sessionId, requestId }: SessionRequest): string {
	return `session ${requestId} ${sessionId}`;
}
