import { completionEntry, newExecutionId } from './logs.ts';
import type { Ending } from './logs.ts';
import type { Committed, Renewal, Trace } from './protocol.ts';
import type { CommitListener, CommitNotice, FunctionCall, LogEntry, Successor } from './types.ts';

/** Tells listeners what was committed and what ran. */
export class Notices {
	readonly #commitListeners = new Set<CommitListener>();
	readonly #logListeners = new Set<(entry: LogEntry) => void>();
	/** By the subscriptions that they follow, whose end is about to be told. */
	readonly #successors = new Map<string, Successor>();
	readonly #unsubscribe: (subscriptions: readonly string[]) => void;
	#latestTs: bigint;

	constructor(latestTs: bigint, unsubscribe: (subscriptions: readonly string[]) => void) {
		this.#latestTs = latestTs;
		this.#unsubscribe = unsubscribe;
	}

	get latestTs(): bigint {
		return this.#latestTs;
	}

	/** Passes a commit on before whoever caused it gets an answer. */
	committed(notice: CommitNotice | null): void {
		if (notice === null) return;
		if (notice.ts > this.#latestTs) this.#latestTs = notice.ts;
		const take = (name: string): Successor | null => {
			const successor = this.#successors.get(name) ?? null;
			this.#successors.delete(name);
			return successor;
		};
		for (const listener of this.#commitListeners) listener(notice, take);
		const ended = notice.everything ? [...this.#successors.keys()] : notice.invalidated;
		const untaken = ended.flatMap((name) => take(name)?.name ?? []);
		if (untaken.length > 0) this.#unsubscribe(untaken);
	}

	/** Queries have been run again by themselves; the news of the commits that caused it follow at once. */
	renewed(renewals: readonly Renewal[]): void {
		for (const { of, name, call, run } of renewals) {
			this.#successors.set(of, { name, result: run.result });
			this.ran(call, run.trace, run.result.outcome);
		}
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

	onCommit(listener: CommitListener): () => void {
		this.#commitListeners.add(listener);
		return () => this.#commitListeners.delete(listener);
	}

	onLog(listener: (entry: LogEntry) => void): () => void {
		this.#logListeners.add(listener);
		return () => this.#logListeners.delete(listener);
	}
}
