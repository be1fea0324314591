import { DeployedComponents } from '../engine/components/deployed.ts';
import { formatLogLine, LogBuffer } from '../engine/console.ts';
import { failure, httpFailure, located } from '../engine/failure.ts';
import type { Fault, HttpFailure } from '../engine/failure.ts';
import { emptyTrace } from '../engine/logs.ts';
import { parseFunctionPath } from '../engine/paths.ts';
import type { ActionRun, ActionsMethods, FrontMethods, HttpRun, Trace } from '../engine/protocol.ts';
import type { Outbox } from '../engine/rpc.ts';
import { environmentOf, sourceMaps } from '../engine/runtime.ts';
import { actionWarnings } from '../engine/warnings.ts';
import type { ActionUsage } from '../engine/warnings.ts';
import { StackMapper } from '../engine/stack.ts';
import { locateNodeModule, writeNodeModules } from './nodeModules.ts';
import { Pool } from './pool.ts';
import { Thread, ThreadEnded } from './thread.ts';
import type { Task } from './thread.ts';
import type { ComponentCode, RuntimeKind, ThreadRun } from './thread/protocol.ts';

type Arguments<K extends keyof ActionsMethods> = Parameters<ActionsMethods[K]>[0];

/** What came of one run. */
interface Outcome {
	readonly unawaited: readonly string[];
	/** Of an HTTP action, the route that it took. */
	readonly route: string | null;
}
type Ended<T> = Outcome &
	(
		| { readonly value: T; readonly fault: null }
		| { readonly value: null; readonly fault: Fault; readonly headline: string }
	);

/** Gives each action of one push a thread, and turns what came of it into an answer. Runs no user code itself. */
export class Dispatcher {
	readonly #start: Arguments<'start'>;
	readonly #front: Outbox<FrontMethods>;
	readonly #pool: Pool;
	readonly #components: DeployedComponents;
	readonly #nodeStacks: StackMapper;

	constructor(start: Arguments<'start'>, front: Outbox<FrontMethods>) {
		const { settings, deployment, limits, directory } = start;
		const { functions } = deployment.bundle;
		this.#start = start;
		this.#front = front;
		this.#components = new DeployedComponents(deployment.bundle, deployment.analysis);
		this.#nodeStacks = new StackMapper(sourceMaps(functions), (file) => locateNodeModule(directory, file));
		writeNodeModules(directory, functions);
		const { dataDir, appDir } = settings;
		const common = { dataDir, appDir, directory, limits, timeOrigin: Date.now() };
		const components = this.#code();
		const environment = environmentOf(deployment, settings);
		this.#pool = new Pool({
			runtimes: [...new Set(functions.map((module) => module.environment))],
			idleTime: limits.idleThread,
			make: (runtime) =>
				new Thread({
					start: { ...common, runtime, components: runtime === 'node' ? [] : components },
					environment: runtime === 'node' ? environment : new Map(),
					front,
					onStuck: () => void front.call('retire', null)
				})
		});
	}

	async action({ call, callId, runtime }: Arguments<'action'>): Promise<ActionRun> {
		const { limits } = this.#start;
		const wallClock = runtime === 'node' ? limits.nodeActionWallClock : limits.actionWallClock;
		const { component } = parseFunctionPath(call.path, call.componentPath);
		const stacks = runtime === 'node' ? this.#nodeStacks : this.#stacks(component);
		const task = this.#task(callId, wallClock);
		const ended = await this.#run(runtime, task, stacks, (thread) => thread.run('action', { call, callId }, task));
		// As the backend, which leaves Node to itself.
		if (runtime === 'isolate') this.#warn(task, ended, { args: call.args, value: ended.value });
		const trace = this.#trace('Action', runtime, task);
		const logLines = task.logs.lines.map(formatLogLine);
		if (ended.fault !== null)
			return { outcome: { ok: false, failure: failure(ended.fault, call.requestId), logLines }, trace };
		return { outcome: { ok: true, value: ended.value, logLines }, trace };
	}

	/** The answer itself goes to the front while it is made. */
	async httpAction({ request, route, callId }: Arguments<'httpAction'>): Promise<HttpRun> {
		const task = this.#task(callId, this.#start.limits.actionWallClock);
		const ended = await this.#run('isolate', task, this.#stacks(route.component), (thread) =>
			thread.run('httpAction', { request, route, callId }, task)
		);
		this.#warn(task, ended, { answered: ended.value });
		const identifier = ended.route ?? `${request.method} ${new URL(request.url).pathname}`;
		let failed: HttpFailure | null = null;
		if (ended.fault !== null) {
			// The client has the head already: the logs are told, and the body ends.
			if (task.hasAnswered) task.logs.say('ERROR', ended.fault.message);
			else failed = httpFailure(ended.headline, ended.fault, request.requestId);
		}
		return { failure: failed, identifier, trace: this.#trace('HttpAction', 'isolate', task) };
	}

	/** The client of an HTTP action has gone away. */
	abandon(callId: number): void {
		this.#pool.abandon(callId);
	}

	#task(callId: number, wallClock: number): Task {
		return {
			callId,
			wallClock,
			logs: new LogBuffer(this.#start.limits, (line) => {
				this.#front.call('logged', { callId, line }).catch(() => undefined);
			}),
			started: performance.now(),
			hasAnswered: false
		};
	}

	#warn(
		{ logs, started, wallClock }: Task,
		{ unawaited }: Ended<unknown>,
		used: Pick<ActionUsage, 'args' | 'value' | 'answered'>
	): void {
		const usage = { ...used, unawaited, wallClock, elapsed: performance.now() - started };
		for (const warning of actionWarnings(usage, this.#start.limits)) logs.say('WARN', warning);
	}

	#trace(udfType: Trace['udfType'], environment: RuntimeKind, { logs, started }: Task): Trace {
		return { ...emptyTrace(udfType, environment), lines: logs.lines, duration: performance.now() - started };
	}

	async #run<T>(
		runtime: RuntimeKind,
		{ callId }: Task,
		stacks: StackMapper,
		run: (thread: Thread) => Promise<ThreadRun<T>>
	): Promise<Ended<T>> {
		try {
			const { value, thrown, route, unawaited } = await this.#pool.lend(runtime, callId, run);
			if (value !== null) return { value, fault: null, route, unawaited };
			const { message, ...rest } = thrown ?? { message: '', stack: '' };
			const fault = located({ message, ...rest }, stacks);
			return { value: null, fault, headline: message, route, unawaited };
		} catch (error) {
			if (!(error instanceof ThreadEnded)) throw error;
			const { message } = error;
			return { value: null, fault: { message }, headline: message, route: null, unawaited: [] };
		}
	}

	/** Where the frames of a component's default-runtime code come from. */
	#stacks(component: string): StackMapper {
		return new StackMapper(sourceMaps(this.#components.get(component)?.bundle.functions ?? []));
	}

	#code(): ComponentCode[] {
		const { deployment, settings } = this.#start;
		return this.#components.paths().flatMap((path) => {
			const component = this.#components.get(path);
			if (component === null) return [];
			const { bundle, mounted } = component;
			const isolate = bundle.functions.filter((module) => module.environment === 'isolate');
			const modules = isolate.map((module) => ({ ...module, sourceMap: null }));
			return [{ path, modules, environment: environmentOf(deployment, settings, mounted) }];
		});
	}
}
