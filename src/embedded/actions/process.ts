/** The actions process of one push: runs default-runtime actions, "use node" actions and HTTP actions, many at a time. */
import { answer, isMessage, Outbox, sendToParent } from '../engine/rpc.ts';
import type { Handlers } from '../engine/rpc.ts';
import type { ActionsMethods, FrontMethods } from '../engine/protocol.ts';
import { endWithParent } from '../engine/orphan.ts';
import { environmentOf } from '../engine/runtime.ts';
import { NodeModules } from './nodeModules.ts';
import { ActionRunner } from './runner.ts';

const front = new Outbox<FrontMethods>(sendToParent);
let runner: ActionRunner | null = null;

function ready(): ActionRunner {
	if (runner === null) throw new Error('the actions process has not started');
	return runner;
}

const handlers: Handlers<ActionsMethods> = {
	start({ settings, deployment, limits, directory }) {
		// What Node itself was given is not the deployment's.
		const variables = environmentOf(deployment, settings);
		for (const name of Object.keys(process.env)) if (!variables.has(name) && name !== 'TZ') delete process.env[name];
		runner = new ActionRunner(
			settings,
			limits,
			deployment,
			new NodeModules(directory, deployment.bundle.functions, settings.appDir),
			front
		);
		Object.defineProperty(globalThis, 'Convex', { value: runner.convex });
		return null;
	},
	action: ({ call, callId }) => ready().action(callId, call),
	httpAction: ({ request, route, callId }) => ready().httpAction(callId, request, route),
	ping: () => null
};

process.on('message', (message: unknown) => {
	if (!isMessage(message) || front.receive(message)) return;
	if (message.kind === 'call') void answer(handlers, message, sendToParent);
});
endWithParent();
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

// One action's mistake must not end the others: what it throws outside of its promises fails it alone.
process.on('uncaughtException', (error) => void runner?.uncaught(error));
process.on('unhandledRejection', (reason) => {
	const text = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
	runner?.log('ERROR', [`Unhandled promise rejection: ${text}`]);
});

process.exit = () => {
	throw new Error('process.exit() is not allowed in an action: it would end the actions that run beside it.');
};
process.abort = process.exit;

const terminal = { ...console };
for (const level of ['debug', 'error', 'info', 'log', 'warn'] as const) {
	console[level] = (...args: unknown[]) => {
		if (runner?.log(level.toUpperCase(), args) !== true) terminal[level](...args);
	};
}
