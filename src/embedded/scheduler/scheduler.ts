import type { DueWork } from '../engine/protocol.ts';
import type { JobEnd } from './jobs.ts';

/** What the scheduler asks of the front. */
export interface SchedulerBackend {
	dueWork(limit: number, jobs: readonly string[], crons: readonly string[]): Promise<DueWork>;
	/** Runs a scheduled mutation to its recorded end. */
	runJob(id: string): Promise<void>;
	/** Runs the mutation of a cron and moves the cron to its next time. Returns sentences about runs that were skipped. */
	runCron(key: string): Promise<readonly string[]>;
	/** Runs an action that has been marked as started; `job` is null for a cron. */
	runAction(component: string, path: string, args: string, job: string | null): Promise<JobEnd>;
	finishJob(id: string, end: JobEnd): Promise<void>;
	report(sentence: string): void;
}

/** setTimeout counts in 32 bits: farther dates are approached in steps. */
const MAX_DELAY = 2 ** 31 - 1;
const RETRY_DELAY = 1_000;

/**
 * Starts scheduled functions and crons when their time comes, so many at a time. What has to be done and what was done is
 * in the store; here is only what runs right now.
 */
export class Scheduler {
	readonly #backend: SchedulerBackend;
	readonly #parallel: number;
	readonly #jobs = new Set<string>();
	readonly #crons = new Set<string>();
	#timer: NodeJS.Timeout | undefined;
	#looking = false;
	#lookAgain = false;
	#stopped = true;
	/** What was told last of work that failed, so that a disk that stays full is told of once. */
	#told: string | null = null;

	constructor(backend: SchedulerBackend, parallel: number) {
		this.#backend = backend;
		this.#parallel = parallel;
	}

	start(): void {
		this.#stopped = false;
		this.wake();
	}

	/** Starts nothing more. What runs is left to end. */
	stop(): void {
		this.#stopped = true;
		clearTimeout(this.#timer);
	}

	/** There may be new work. */
	wake(): void {
		if (this.#stopped) return;
		if (this.#looking) {
			this.#lookAgain = true;
			return;
		}
		void this.#look();
	}

	async #look(): Promise<void> {
		this.#looking = true;
		clearTimeout(this.#timer);
		try {
			const free = this.#parallel - this.#jobs.size - this.#crons.size;
			// With no slot free, the end of what runs looks again.
			if (free > 0) {
				const work = await this.#backend.dueWork(free, [...this.#jobs], [...this.#crons]);
				for (const sentence of work.skipped) this.#backend.report(sentence);
				for (const job of work.jobs) void this.#occupy(this.#jobs, job.id, () => this.#runJob(job));
				for (const cron of work.crons) void this.#occupy(this.#crons, cron.key, () => this.#runCron(cron));
				if (work.nextAt !== null) this.#sleep(work.nextAt - Date.now());
			}
		} catch (error) {
			this.#tell('The scheduler could not look for work', error);
			this.#sleep(RETRY_DELAY);
		}
		this.#looking = false;
		if (!this.#lookAgain) return;
		this.#lookAgain = false;
		this.wake();
	}

	#sleep(delay: number): void {
		if (this.#stopped) return;
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.wake(), Math.min(Math.max(delay, 0), MAX_DELAY));
	}

	async #occupy(slots: Set<string>, name: string, run: () => Promise<void>): Promise<void> {
		slots.add(name);
		try {
			await run();
			this.#told = null;
		} catch (error) {
			// Not the function's failure, which is recorded: the disk is full, say. What is in the store is tried again.
			this.#tell('Scheduled work failed', error);
			await later();
		} finally {
			slots.delete(name);
			this.wake();
		}
	}

	async #runJob(job: DueWork['jobs'][number]): Promise<void> {
		if (job.kind === 'mutation') return this.#backend.runJob(job.id);
		const end = await this.#backend.runAction(job.target, job.path, job.args, job.id);
		// The action cannot be run again, so its end has to be kept.
		do {
			try {
				return await this.#backend.finishJob(job.id, end);
			} catch (error) {
				this.#tell('The end of a scheduled action could not be saved', error);
				await later();
			}
		} while (!this.#stopped);
	}

	#tell(what: string, error: unknown): void {
		const sentence = `${what}: ${error instanceof Error ? error.message : String(error)}`;
		if (!this.#stopped && sentence !== this.#told) this.#backend.report(sentence);
		this.#told = sentence;
	}

	async #runCron(cron: DueWork['crons'][number]): Promise<void> {
		if (cron.kind === 'action') await this.#backend.runAction(cron.component, cron.path, cron.args, null);
		else for (const sentence of await this.#backend.runCron(cron.key)) this.#backend.report(sentence);
	}
}

function later(): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, RETRY_DELAY).unref());
}
