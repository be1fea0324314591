/** What `dev` and `start` share: begin in order, end in order, say what went wrong in a sentence. */
import { say, type Speaker } from './log.ts';
import { Processes } from './processes.ts';
import { sentence } from './task.ts';

export interface Ending {
	/** Called once, in reverse order of registration, however the product ends. */
	add(step: () => Promise<void>): void;
}

/** A failure that has been explained already; the process ends with code 1 and nothing more is printed. */
export class Explained extends Error {}

/**
 * Runs the product until Ctrl-C, SIGTERM or the end of one of its processes. `begin` starts everything; what it
 * registers with `ending` is undone at the end.
 */
export async function runProduct(begin: (processes: Processes, ending: Ending) => Promise<void>): Promise<void> {
	const steps: (() => Promise<void>)[] = [];
	let ending: Promise<void> | null = null;

	const end = (code: number): Promise<void> => {
		ending ??= (async () => {
			await processes.stop();
			for (const step of steps.toReversed()) await step().catch((error: unknown) => say('plumbline', sentence(error)));
			process.exit(code);
		})();
		return ending;
	};
	const processes = new Processes((speaker: Speaker, code) => {
		say('plumbline', `"${speaker}" ended by itself (code ${code}): stopping.`);
		void end(code === 0 ? 1 : code);
	});
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
		process.on(signal, () => {
			if (ending === null) say('plumbline', 'Stopping…');
			void end(0);
		});
	}
	try {
		await begin(processes, { add: (step) => steps.push(step) });
	} catch (error) {
		if (!(error instanceof Explained)) say('plumbline', sentence(error));
		await end(1);
	}
}
