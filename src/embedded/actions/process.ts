/**
 * The actions process of one push: default-runtime actions, "use node" actions and HTTP actions, each on a thread of its
 * own, so that what one does to its thread is nobody else's. No user code runs on the main thread, which watches them.
 */
import { endWithParent } from '../engine/orphan.ts';
import type { ActionsMethods, FrontMethods } from '../engine/protocol.ts';
import { answer, isMessage, Outbox, sendToParent } from '../engine/rpc.ts';
import type { Handlers } from '../engine/rpc.ts';
import { Dispatcher } from './dispatcher.ts';

const front = new Outbox<FrontMethods>(sendToParent);
let dispatcher: Dispatcher | null = null;

function ready(): Dispatcher {
	if (dispatcher === null) throw new Error('the actions process has not started');
	return dispatcher;
}

const handlers: Handlers<ActionsMethods> = {
	start(params) {
		dispatcher = new Dispatcher(params, front);
		return null;
	},
	action: (params) => ready().action(params),
	httpAction: (params) => ready().httpAction(params),
	ping: () => null,
	abandon({ callId }) {
		ready().abandon(callId);
		return null;
	}
};

process.on('message', (message: unknown) => {
	if (!isMessage(message) || front.receive(message)) return;
	if (message.kind === 'call') void answer(handlers, message, sendToParent);
});
endWithParent();
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
