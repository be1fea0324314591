import { FunctionRefusal } from './failure.ts';
import type { Limits } from './limits.ts';
import type { Watchdog } from './watchdog.ts';

/**
 * Tells the time that a function spends in its own code from the time that its syscalls take. Beyond either bound the
 * function is stopped: every syscall from then on fails, and so does the function, whatever it catches.
 */
export class UserClock {
	readonly #limits: Pick<Limits, 'userTime' | 'systemTime'>;
	readonly #watchdog: Watchdog;
	#since = performance.now();
	#user = 0;
	#system = 0;
	/** Syscalls under way. */
	#inside = 0;
	#stopped: FunctionRefusal | null = null;

	/** Starts to count user time. */
	constructor(limits: Pick<Limits, 'userTime' | 'systemTime'>, watchdog: Watchdog) {
		this.#limits = limits;
		this.#watchdog = watchdog;
		watchdog.resume();
	}

	/** The function makes a syscall. Throws a FunctionRefusal when its time is up. */
	enter(): void {
		if (this.#inside++ > 0) return;
		this.#user += this.#lap();
		this.#watchdog.pause();
		this.#check();
	}

	/** A syscall has been answered. */
	leave(): void {
		if (--this.#inside > 0) return;
		this.#system += this.#lap();
		this.#watchdog.resume();
	}

	/** The function has returned. Throws a FunctionRefusal when it took too long. */
	end(): void {
		if (this.#inside === 0) this.#user += this.#lap();
		this.#inside = Infinity;
		this.#watchdog.pause();
		this.#check();
	}

	/** The event loop turns, so what went by since the last turn was spent waiting, not computing. */
	turn(): void {
		if (this.#inside > 0) return;
		this.#lap();
		this.#watchdog.touch();
	}

	/** Milliseconds in the function's own code. */
	get userTime(): number {
		return this.#user;
	}

	#lap(): number {
		const now = performance.now();
		const lap = now - this.#since;
		this.#since = now;
		return lap;
	}

	#check(): void {
		if (this.#stopped === null && this.#user > this.#limits.userTime)
			this.#stopped = new FunctionRefusal(timedOut(this.#limits.userTime));
		if (this.#stopped === null && this.#system > this.#limits.systemTime)
			this.#stopped = new FunctionRefusal(TOO_MANY_OPERATIONS);
		if (this.#stopped !== null) throw this.#stopped;
	}
}

export const TOO_MANY_OPERATIONS = 'Your request timed out performing too many system operations.';

/** `limit`: milliseconds. */
export function timedOut(limit: number): string {
	return `Function execution timed out (maximum duration: ${limit / 1000}s)`;
}
