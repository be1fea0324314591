import { DeployedComponents } from '../engine/components/deployed.ts';
import { formatLogLine, LogBuffer } from '../engine/console.ts';
import { failure, located } from '../engine/failure.ts';
import type { Fault } from '../engine/failure.ts';
import { parseFunctionPath } from '../engine/paths.ts';
import type { ActionRun, ActionsMethods, FrontMethods, HttpRun, Trace } from '../engine/protocol.ts';
import type { Outbox } from '../engine/rpc.ts';
import { environmentOf, sourceMaps } from '../engine/runtime.ts';
import { StackMapper } from '../engine/stack.ts';
import { locateNodeModule, writeNodeModules } from './nodeModules.ts';
import { Pool } from './pool.ts';
import { Thread, ThreadEnded } from './thread.ts';
import type { ComponentCode, RuntimeKind, ThreadRun } from './thread/protocol.ts';

type Arguments<K extends keyof ActionsMethods> = Parameters<ActionsMethods[K]>[0];

/** What came of one run. */
interface Ended<T> {
	readonly value: T | null;
	readonly fault: Fault | null;
	readonly logs: LogBuffer;
	readonly trace: Trace;
}

/** Gives each action of one push a thread, and turns what came of it into an answer. Runs no user code itself. */
export class Dispatcher {
	readonly #start: Arguments<'start'>;
	readonly #pool: Pool;
	readonly #components: DeployedComponents;
	readonly #nodeStacks: StackMapper;

	constructor(start: Arguments<'start'>, front: Outbox<FrontMethods>) {
		const { settings, deployment, limits, directory } = start;
		const { functions } = deployment.bundle;
		this.#start = start;
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

	async action(params: Arguments<'action'>): Promise<ActionRun> {
		const { call, callId, runtime } = params;
		const { limits } = this.#start;
		const wallClock = runtime === 'node' ? limits.nodeActionWallClock : limits.actionWallClock;
		const { component } = parseFunctionPath(call.path, call.componentPath);
		const stacks = runtime === 'node' ? this.#nodeStacks : this.#stacks(component);
		const { value, fault, trace, logs } = await this.#run('Action', runtime, stacks, (thread, lines) =>
			thread.run('action', { call, callId }, { callId, logs: lines, wallClock })
		);
		const logLines = logs.lines.map(formatLogLine);
		if (value === null)
			return { outcome: { ok: false, failure: failure(fault ?? { message: '' }, call.requestId), logLines }, trace };
		return { outcome: { ok: true, value, logLines }, trace };
	}

	async httpAction({ request, route, callId }: Arguments<'httpAction'>): Promise<HttpRun> {
		const wallClock = this.#start.limits.actionWallClock;
		const { value, fault, trace } = await this.#run(
			'HttpAction',
			'isolate',
			this.#stacks(route.component),
			(thread, logs) => thread.run('httpAction', { request, route, callId }, { callId, logs, wallClock })
		);
		if (value !== null) return { ...value, error: null, trace };
		const { message } = failure(fault ?? { message: '' }, request.requestId);
		return {
			status: 500,
			headers: [['content-type', 'text/plain']],
			body: Buffer.from(message),
			error: message,
			identifier: `${request.method} ${new URL(request.url).pathname}`,
			trace
		};
	}

	async #run<T>(
		udfType: Trace['udfType'],
		runtime: RuntimeKind,
		stacks: StackMapper,
		run: (thread: Thread, logs: LogBuffer) => Promise<ThreadRun<T>>
	): Promise<Ended<T>> {
		const started = performance.now();
		const logs = new LogBuffer(this.#start.limits);
		let value: T | null = null;
		let fault: Fault | null = null;
		try {
			const ended = await this.#pool.lend(runtime, (thread) => run(thread, logs));
			value = ended.value;
			if (ended.thrown !== null) fault = located(ended.thrown, stacks);
		} catch (error) {
			if (!(error instanceof ThreadEnded)) throw error;
			fault = { message: error.message };
		}
		return { value, fault, logs, trace: { lines: logs.lines, duration: performance.now() - started, udfType } };
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
