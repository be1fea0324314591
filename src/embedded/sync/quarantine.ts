/** Questions that seem to end the process that runs them. Their failure is their answer for a while. */
import type { Failure } from '../engine/types.ts';
import { QUARANTINE_MS } from './limits.ts';

export class Quarantine {
	/** Failed once when the engine had to be replaced, perhaps by chance. */
	readonly #suspects = new Set<string>();
	readonly #failures = new Map<string, { readonly failure: Failure; readonly expires: number }>();

	/** The failure to answer with instead of running the question. */
	failureOf(key: string): Failure | null {
		const entry = this.#failures.get(key);
		if (!entry) return null;
		if (performance.now() < entry.expires) return entry.failure;
		this.#failures.delete(key);
		return null;
	}

	/** Whether a question that failed when the engine was replaced gets one more try; otherwise it is set aside. */
	mayTryAgain(key: string, failure: Failure): boolean {
		if (!this.#suspects.has(key)) {
			this.#suspects.add(key);
			return true;
		}
		this.setAside(key, failure);
		return false;
	}

	setAside(key: string, failure: Failure): void {
		this.#suspects.delete(key);
		this.#failures.set(key, { failure, expires: performance.now() + QUARANTINE_MS });
	}

	/** The question was run and the engine lives. */
	acquit(key: string): void {
		this.#suspects.delete(key);
	}

	/** Whatever was dangerous may be mended. */
	clear(): void {
		this.#suspects.clear();
		this.#failures.clear();
	}
}
