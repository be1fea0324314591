/** What commands that do one thing and end have in common. */
import { say } from './log.ts';
import { readSettings, SettingsError } from './settings.ts';

/** Runs a command; what goes wrong is said in a sentence, and the process then ends with code 1. */
export async function runTask(task: () => Promise<void>): Promise<void> {
	// What is written is for its owner only.
	process.umask(0o077);
	try {
		await task();
	} catch (error) {
		say('plumbline', sentence(error));
		process.exitCode = 1;
	}
}

/** The cause of a failure as a sentence; stacks only when PLUMBLINE_DEBUG is set. */
export function sentence(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	if (process.env['PLUMBLINE_DEBUG']) return error.stack ?? error.message;
	return error.message;
}

/** The embedded deployment's folder. Throws a SettingsError, with the advice, when another deployment is chosen. */
export function embeddedDataDir(advice: string): string {
	const { deployment } = readSettings();
	if (deployment.kind === 'embedded') return deployment.dataDir;
	throw new SettingsError(`Another deployment than the embedded one is chosen. ${advice}`);
}

/** A size for people. */
export function megabytes(bytes: number): string {
	return `${(bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;
}

const SILENCE_MS = 1_000;

/** Says how far a copy has come, once a second: what is quick is not talked about. */
export function copyProgress(): (done: number, total: number) => void {
	let last = Date.now();
	return (done, total) => {
		if (Date.now() - last < SILENCE_MS) return;
		last = Date.now();
		say('plumbline', `${Math.floor((100 * done) / total)} % of ${megabytes(total)}…`);
	};
}
