import { completionEntry, newExecutionId } from './logs.ts';
import type { Ending } from './logs.ts';
import type { Committed, Trace } from './protocol.ts';
import type { CommitNotice, FunctionCall, LogEntry } from './types.ts';

/** Tells listeners what was committed and what ran. */
export class Notices {
	readonly #commitListeners = new Set<(notice: CommitNotice) => void>();
	readonly #logListeners = new Set<(entry: LogEntry) => void>();
	#latestTs: bigint;

	constructor(latestTs: bigint) {
		this.#latestTs = latestTs;
	}

	get latestTs(): bigint {
		return this.#latestTs;
	}

	/** Passes a commit on before whoever caused it gets an answer. */
	committed(notice: CommitNotice | null): void {
		if (notice === null) return;
		if (notice.ts > this.#latestTs) this.#latestTs = notice.ts;
		for (const listener of this.#commitListeners) listener(notice);
	}

	/** The value of a change that the engine made, once its commit has been passed on. */
	async commit<T>(change: Promise<Committed<T>>): Promise<T> {
		const { value, notice } = await change;
		this.committed(notice);
		return value;
	}

	/** After new code, a new environment or a new process: no earlier answer can be relied on. */
	everythingChanged(ts = this.#latestTs): void {
		this.committed({ ts, invalidated: [], everything: true });
	}

	ran(call: Omit<FunctionCall, 'args'>, trace: Trace, ending: Ending, executionId = newExecutionId()): void {
		if (this.#logListeners.size > 0) this.logged(completionEntry(call, trace, ending, executionId));
	}

	logged(entry: LogEntry): void {
		for (const listener of this.#logListeners) listener(entry);
	}

	onCommit(listener: (notice: CommitNotice) => void): () => void {
		this.#commitListeners.add(listener);
		return () => this.#commitListeners.delete(listener);
	}

	onLog(listener: (entry: LogEntry) => void): () => void {
		this.#logListeners.add(listener);
		return () => this.#logListeners.delete(listener);
	}
}
