/** The child processes of one start: they log through us and end with us. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { lines, say, type Speaker } from './log.ts';

export interface ChildOptions {
	readonly speaker: Speaker;
	readonly command: readonly string[];
	readonly environment: Readonly<Record<string, string | undefined>>;
	/** Sees every line; return false to keep it out of the log. */
	readonly onLine?: (line: string) => boolean | void;
}

const GRACE_MS = 7_000;

export class Processes {
	readonly #children = new Set<ChildProcess>();
	#stopping = false;
	readonly #onExit: (speaker: Speaker, code: number) => void;

	/** `onExit` hears of a child that ended although nobody asked it to. */
	constructor(onExit: (speaker: Speaker, code: number) => void) {
		this.#onExit = onExit;
	}

	start({ speaker, command, environment, onLine }: ChildOptions): ChildProcess {
		const [file, ...args] = command;
		if (file === undefined) throw new Error('A child process needs a command.');
		const child = spawn(file, args, {
			env: environment,
			stdio: ['ignore', 'pipe', 'pipe'],
			// A group of its own: Ctrl-C reaches us alone, and we end the children in order.
			detached: true
		});
		const show = lines((line) => {
			if (onLine?.(line) !== false) say(speaker, line);
		});
		child.stdout.on('data', show);
		child.stderr.on('data', show);
		this.#children.add(child);
		child.once('exit', (code) => {
			this.#children.delete(child);
			if (!this.#stopping) this.#onExit(speaker, code ?? 1);
		});
		return child;
	}

	/** Runs a command to its end; gives its exit code. */
	async run(options: ChildOptions): Promise<number> {
		const [file, ...args] = options.command;
		if (file === undefined) throw new Error('A child process needs a command.');
		const child = spawn(file, args, { env: options.environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
		const show = lines((line) => {
			if (options.onLine?.(line) !== false) say(options.speaker, line);
		});
		child.stdout.on('data', show);
		child.stderr.on('data', show);
		this.#children.add(child);
		const [code] = await once(child, 'exit');
		this.#children.delete(child);
		return typeof code === 'number' ? code : 1;
	}

	/** Ends every child with its group: asked first, killed after a grace. */
	async stop(): Promise<void> {
		this.#stopping = true;
		await Promise.all([...this.#children].map((child) => stopGroup(child)));
	}
}

async function stopGroup(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const ended = once(child, 'exit');
	signalGroup(child, 'SIGTERM');
	const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS);
	await ended;
	clearTimeout(timer);
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
	if (child.pid === undefined) return;
	try {
		process.kill(-child.pid, signal);
	} catch {
		child.kill(signal);
	}
}
