/** A thread of the actions process: one action at a time, of one runtime and one push. */
import { parentPort } from 'node:worker_threads';
import { answer, isMessage, Outbox } from '../../engine/rpc.ts';
import type { Handlers } from '../../engine/rpc.ts';
import type { ThreadHostMethods, ThreadMethods } from './protocol.ts';
import { ThreadRunner } from './runner.ts';

function send(message: unknown): void {
	parentPort?.postMessage(message);
}

const host = new Outbox<ThreadHostMethods>(send);
let runner: ThreadRunner | null = null;

function ready(): ThreadRunner {
	if (runner === null) throw new Error('the thread has not started');
	return runner;
}

const handlers: Handlers<ThreadMethods> = {
	start(params) {
		runner = new ThreadRunner(params, host);
		return null;
	},
	action: (params) => ready().action(params),
	httpAction: (params) => ready().httpAction(params),
	abandon() {
		ready().abandon();
		return null;
	},
	ping: () => null
};

parentPort?.on('message', (message: unknown) => {
	if (!isMessage(message) || host.receive(message)) return;
	if (message.kind === 'call') void answer(handlers, message, send);
});
process.on('uncaughtException', (error) => runner?.uncaught(error));
process.on('unhandledRejection', (reason) => runner?.uncaught(reason));
