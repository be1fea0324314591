import { deserialize, serialize } from 'node:v8';
import type { SqliteStore } from '../store/store.ts';
import type { Statement } from '../store/statement.ts';
import { isMessage } from './rpc.ts';
import type { Answer, MadeAnswer } from './rpc.ts';

/**
 * Answers of calls that wrote, kept in the file by the very transaction that makes their writes durable. When the process
 * ends before an answer has reached the front, the next process finds it here, and the call is not run again. Each batch
 * has one row, which goes once the front has said that it has the answers.
 */
export class SavedAnswers {
	readonly #store: SqliteStore;
	#unsaved: MadeAnswer[] = [];
	/** The batches that are on their way into the file, or whose answers are on their way to the front. */
	#batches: { readonly batch: number; readonly position: number }[] = [];
	#last: number;
	#received = 0;
	#forgotten = 0;

	constructor(store: SqliteStore) {
		this.#store = store;
		this.#last = Number(store.database.row('SELECT max(batch) FROM answers')?.[0] ?? 0);
		store.pipeline.beforeBatch = () => this.#statements();
	}

	/** Everything that an earlier process answered and the front may not have heard. */
	read(): Answer[] {
		const rows = this.#store.database.rows('SELECT answers FROM answers ORDER BY batch');
		return rows.flatMap(([bytes]) => (bytes instanceof Uint8Array ? answersIn(bytes) : []));
	}

	/** No front waits for them any more. */
	clear(): void {
		if (this.#last === 0) return;
		const tx = this.#store.begin('write');
		tx.exclusive().run('DELETE FROM answers');
		tx.commit();
	}

	/** Saves an answer with the next batch, which holds what its call wrote. */
	add(answer: MadeAnswer): void {
		this.#unsaved.push(answer);
	}

	/** The newest batch all of whose answers may be sent: everything up to `durable` is in the file. */
	sendable(durable: number): number {
		let newest = 0;
		while (this.#batches[0] !== undefined && this.#batches[0].position <= durable)
			newest = this.#batches.shift()?.batch ?? 0;
		return newest;
	}

	/** The front has the answers of this batch and of all before it. */
	received(batch: number): void {
		this.#received = Math.max(this.#received, batch);
	}

	/** What was on its way into the file is not going to be there. */
	lost(): void {
		this.#unsaved = [];
		this.#batches = [];
		this.#forgotten = 0;
	}

	#statements(): Statement[] {
		const statements: Statement[] = [];
		if (this.#received > this.#forgotten) {
			this.#forgotten = this.#received;
			statements.push({ sql: 'DELETE FROM answers WHERE batch <= ?', parameters: [this.#received] });
		}
		if (this.#unsaved.length > 0) {
			const batch = ++this.#last;
			this.#batches.push({ batch, position: this.#store.pipeline.position });
			const sql = 'INSERT INTO answers (batch, answers) VALUES (?, ?)';
			statements.push({ sql, parameters: [batch, serialize(this.#unsaved)] });
			this.#unsaved = [];
		}
		return statements;
	}
}

function answersIn(bytes: Uint8Array): Answer[] {
	const list: unknown = deserialize(bytes);
	if (!Array.isArray(list)) return [];
	return list
		.filter((item) => isMessage(item))
		.filter((message) => message.kind === 'reply' || message.kind === 'error');
}
