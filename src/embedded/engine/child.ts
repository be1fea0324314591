import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isMessage } from './rpc.ts';
import type { CallMessage, Message } from './rpc.ts';

export interface ChildOptions {
	/** Entry module, beside this file or by URL. */
	readonly entry: URL;
	readonly heapMegabytes: number;
	/** More of Node's own options. */
	readonly flags?: readonly string[];
	/** What user code finds in the process's environment; nothing of this process's own is passed on. */
	readonly environment?: Readonly<Record<string, string>>;
	onMessage(message: Message): void;
	/** Once, when the process has ended and everything that it sent has been received. */
	onEnd(description: string): void;
}

/** What Node itself may need; no variable of the person who started the server reaches a child. */
const PASSED_ON = ['SystemRoot', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];

/** One child process with its channel. */
export class Child {
	/** Null when it could not be started. */
	readonly #process: ChildProcess | null;

	constructor(options: ChildOptions) {
		this.#process = started(options);
		if (this.#process !== null) observe(this.#process, options);
	}

	send(message: CallMessage | Message): void {
		this.sendAny(message);
	}

	/** As `send`, for messages that the channel has typed already. */
	sendAny(message: unknown): void {
		// The callback takes the error of a channel that closed meanwhile; onEnd settles what was sent.
		if (this.#process?.connected === true && isMessage(message)) this.#process.send(message, () => undefined);
	}

	kill(): void {
		this.#process?.kill('SIGKILL');
	}
}

function started({ entry, heapMegabytes, flags = [], environment = {}, onEnd }: ChildOptions): ChildProcess | null {
	const passed = PASSED_ON.flatMap((name): [string, string][] => {
		const value = process.env[name];
		return value === undefined ? [] : [[name, value]];
	});
	try {
		return fork(fileURLToPath(entry), [], {
			serialization: 'advanced',
			execArgv: [
				'--experimental-vm-modules',
				'--disable-warning=ExperimentalWarning',
				`--max-old-space-size=${heapMegabytes}`,
				...flags
			],
			env: { ...Object.fromEntries(passed), TZ: 'UTC', ...environment },
			stdio: ['ignore', 'inherit', 'inherit', 'ipc']
		});
	} catch (error) {
		// The machine is short of memory, say. Whoever starts a child hears of it as of its end.
		setImmediate(() => onEnd(error instanceof Error ? error.message : String(error)));
		return null;
	}
}

function observe(child: ChildProcess, { onMessage, onEnd }: ChildOptions): void {
	let exit: string | null = null;
	let drained = false;
	let ended = false;
	const end = (): void => {
		if (exit === null || !drained || ended) return;
		ended = true;
		onEnd(exit);
	};
	child.on('message', (message: unknown) => {
		if (isMessage(message)) onMessage(message);
	});
	// The channel is drained after the exit: answers sent before a crash still count.
	child.on('disconnect', () => {
		drained = true;
		end();
	});
	child.on('exit', (code, signal) => {
		exit = signal === null ? `exit code ${code}` : `signal ${signal}`;
		setImmediate(() => {
			drained ||= !child.connected;
			end();
		});
	});
	child.on('error', (error) => {
		exit ??= error.message;
		drained = true;
		end();
	});
}
