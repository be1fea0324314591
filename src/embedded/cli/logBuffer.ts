/** The latest function completions, for `convex logs` and `convex dev`: a ring with a cursor that outlives restarts. */
import type { LogEntry } from '../engine/types.ts';

const MAX_ENTRIES = 1_000;

export interface LogPage {
	readonly entries: readonly LogEntry[];
	/** Microseconds since the epoch, rising with every entry. */
	readonly newCursor: number;
}

export class LogBuffer {
	readonly #entries: { readonly cursor: number; readonly entry: LogEntry }[] = [];
	#cursor = Date.now() * 1000;
	#arrived = Promise.withResolvers<void>();
	#closed = false;

	/** Ends every wait: the deployment stops. */
	close(): void {
		this.#closed = true;
		this.#arrived.resolve();
	}

	add(added: LogEntry): void {
		// What an action logs has come while it ran, and comes once only.
		const hasCome = added.kind === 'Completion' && (added.udfType === 'Action' || added.udfType === 'HttpAction');
		const entry = hasCome ? { ...added, logLines: [] } : added;
		this.#cursor = Math.max(this.#cursor + 1, Date.now() * 1000);
		this.#entries.push({ cursor: this.#cursor, entry });
		if (this.#entries.length > MAX_ENTRIES) this.#entries.shift();
		this.#arrived.resolve();
		this.#arrived = Promise.withResolvers();
	}

	/** What came after `cursor`; 0 is before everything. */
	after(cursor: number): LogPage {
		const entries = this.#entries.filter((candidate) => candidate.cursor > cursor).map(({ entry }) => entry);
		return { entries, newCursor: Math.max(cursor, this.#cursor) };
	}

	/** As `after`, but waits up to `ms` (or until aborted) for something to have come. */
	async poll(cursor: number, ms: number, signal: AbortSignal): Promise<LogPage> {
		const page = this.after(cursor);
		// The first poll only asks where the end is: answered late, the CLI would miss the entry that answered it.
		if (page.entries.length > 0 || cursor === 0 || this.#closed) return page;
		const timeout = AbortSignal.any([signal, AbortSignal.timeout(ms)]);
		const stopped = Promise.withResolvers<void>();
		timeout.addEventListener('abort', () => stopped.resolve(), { once: true });
		if (!timeout.aborted) await Promise.race([this.#arrived.promise, stopped.promise]);
		return this.after(cursor);
	}
}
