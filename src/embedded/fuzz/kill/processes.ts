/** Processes of this machine, by Linux's /proc. */
import { readFileSync } from 'node:fs';

export function childrenOf(pid: number): number[] {
	return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}

/** A process that has ended and was not waited for has no command line left. */
export function isAlive(pid: number): boolean {
	return commandOf(pid) !== '';
}

/** Kills the process that holds the store of a server, which has to find out by itself. */
export function killEngineOf(server: number): void {
	const engine = childrenOf(server).find((pid) => commandOf(pid).includes('engine/process.ts'));
	if (engine === undefined) return;
	try {
		process.kill(engine, 'SIGKILL');
	} catch {
		// It has just gone by itself.
	}
}

function commandOf(pid: number): string {
	try {
		return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
	} catch {
		return '';
	}
}
