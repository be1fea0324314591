import { AsyncLocalStorage } from 'node:async_hooks';
import { readFile } from 'node:fs/promises';
import { filePath, storeBytes } from '../files/disk.ts';
import { formatLogLine, LogBuffer } from '../engine/console.ts';
import { failure, faultOf, FunctionRefusal, nestedError } from '../engine/failure.ts';
import type { Fault } from '../engine/failure.ts';
import { JsonFields, parseJson } from '../engine/json.ts';
import type { Limits } from '../engine/limits.ts';
import type { HttpTarget } from '../engine/components/routes.ts';
import { callMethod, exportOf } from '../engine/modules.ts';
import { parseFunctionPath } from '../engine/paths.ts';
import type {
	ActionRun,
	DeploymentState,
	EngineSettings,
	FrontMethods,
	HttpRun,
	Trace,
	WireRequest
} from '../engine/protocol.ts';
import type { Outbox } from '../engine/rpc.ts';
import { Runtime, Runtimes, sourceMaps } from '../engine/runtime.ts';
import type { SandboxHost } from '../engine/sandbox.ts';
import { StackMapper } from '../engine/stack.ts';
import type { FunctionCall } from '../engine/types.ts';
import { timedOut } from '../engine/userClock.ts';
import type { NodeModules } from './nodeModules.ts';

/** One running action. */
interface Running {
	readonly callId: number;
	readonly logs: LogBuffer;
	/** Ends the action as failed, for errors that reach no `await` of its. */
	fail(error: unknown): void;
}

/** Runs actions of one push, many at a time. What they ask of the deployment goes to the front. */
export class ActionRunner {
	readonly #settings: EngineSettings;
	readonly #limits: Limits;
	readonly #front: Outbox<FrontMethods>;
	readonly #node: NodeModules;
	readonly #nodePaths: ReadonlySet<string>;
	readonly #stacks: StackMapper;
	readonly #running = new AsyncLocalStorage<Running>();
	readonly #runtimes: Runtimes;

	constructor(
		settings: EngineSettings,
		limits: Limits,
		deployment: DeploymentState,
		node: NodeModules,
		front: Outbox<FrontMethods>
	) {
		this.#settings = settings;
		this.#limits = limits;
		this.#front = front;
		this.#node = node;
		this.#nodePaths = new Set(
			deployment.bundle.functions.filter((module) => module.environment === 'node').map((module) => module.path)
		);
		this.#stacks = new StackMapper(sourceMaps(deployment.bundle.functions), (file) => node.locate(file));
		this.#runtimes = new Runtimes(
			deployment,
			settings,
			({ bundle }, environment) =>
				new Runtime(
					bundle.functions,
					this.#host(environment),
					(path) => this.#runtimes.components.find(path),
					() => null
				)
		);
	}

	async action(callId: number, call: FunctionCall): Promise<ActionRun> {
		const path = parseFunctionPath(call.path, call.componentPath);
		// Components have no "use node" modules.
		const isNode = path.component === '' && this.#nodePaths.has(path.module);
		const runtime = this.#runtimes.of(path.component);
		const { value, trace, logs, fault } = await this.#run(
			callId,
			'Action',
			isNode ? this.#stacks : runtime.stacks,
			isNode ? this.#limits.nodeActionWallClock : this.#limits.actionWallClock,
			async () => {
				const exported = isNode ? exportOf(await this.#node.load(path.module), path.name) : await runtime.export(path);
				const result = await callMethod(exported, 'invokeAction', call.requestId, call.args);
				if (typeof result !== 'string') throw new FunctionRefusal(`${call.path} returned no Convex value.`);
				return result;
			}
		);
		const logLines = logs.lines.map(formatLogLine);
		if (fault !== null || value === null) {
			return { outcome: { ok: false, failure: failure(fault ?? { message: '' }, call.requestId), logLines }, trace };
		}
		return { outcome: { ok: true, value, logLines }, trace };
	}

	async httpAction(callId: number, request: WireRequest, { component, path }: HttpTarget): Promise<HttpRun> {
		let identifier = `${request.method} ${new URL(request.url).pathname}`;
		const runtime = this.#runtimes.of(component);
		const { value, trace, fault } = await this.#run(
			callId,
			'HttpAction',
			runtime.stacks,
			this.#limits.actionWallClock,
			async () => {
				const router = await runtime.defaultExport('http.js');
				const match: unknown = callMethod(router, 'lookup', path, request.method);
				if (!Array.isArray(match)) return { status: 404, headers: [], body: Buffer.from('No matching routes found') };
				const [endpoint, , route]: readonly unknown[] = match;
				if (typeof route === 'string') identifier = `${request.method} ${route}`;
				const response = await callMethod(endpoint, 'invokeHttpAction', toRequest(request));
				if (!(response instanceof Response)) throw new FunctionRefusal('The HTTP action returned no Response.');
				return {
					status: response.status,
					headers: [...response.headers],
					body: new Uint8Array(await response.arrayBuffer())
				};
			}
		);
		if (fault !== null || value === null) {
			const { message } = failure(fault ?? { message: '' }, request.requestId);
			return {
				status: 500,
				headers: [['content-type', 'text/plain']],
				body: Buffer.from(message),
				error: message,
				identifier,
				trace
			};
		}
		const headers = value.headers.map(([name, text]): [string, string] => [String(name), String(text)]);
		return { status: value.status, headers, body: value.body, error: null, identifier, trace };
	}

	/** An error that reached no promise of the action it belongs to. False when it belongs to none. */
	uncaught(error: unknown): boolean {
		const running = this.#running.getStore();
		running?.fail(error);
		return running !== undefined;
	}

	/** Output of the process-wide console, which "use node" modules write to. False outside of actions. */
	log(level: string, args: unknown[]): boolean {
		const running = this.#running.getStore();
		running?.logs.write(level, args);
		return running !== undefined;
	}

	/** What `Convex` offers to "use node" modules. */
	get convex() {
		const host = this.#host(new Map());
		return {
			syscall: host.syscall,
			asyncSyscall: async (op: string, args: string): Promise<string> => host.asyncSyscall(op, args),
			jsSyscall: host.jsSyscall
		};
	}

	async #run<T>(
		callId: number,
		udfType: Trace['udfType'],
		stacks: StackMapper,
		wallClock: number,
		body: () => Promise<T>
	) {
		const started = performance.now();
		const logs = new LogBuffer(this.#limits);
		const { promise: uncaught, reject } = Promise.withResolvers<never>();
		const limit = setTimeout(() => {
			reject(new FunctionRefusal(timedOut(wallClock)));
		}, wallClock);
		let value: T | null = null;
		let fault: Fault | null = null;
		try {
			value = await Promise.race([this.#running.run({ callId, logs, fail: reject }, body), uncaught]);
		} catch (error) {
			fault = faultOf(error, stacks);
		} finally {
			clearTimeout(limit);
		}
		const trace: Trace = { lines: logs.lines, duration: performance.now() - started, udfType };
		return { value, fault, logs, trace };
	}

	#host(environment: ReadonlyMap<string, string>): SandboxHost {
		return {
			syscall: (op) => {
				throw new Error(`Unknown operation ${op}`);
			},
			asyncSyscall: async (op, args) => {
				const answer = await this.#front.call('syscall', { callId: this.#callId(), op, args });
				if (answer.ok) return answer.json;
				throw nestedError({ message: answer.message, data: answer.data });
			},
			jsSyscall: (op, args) => {
				if (op === 'storage/storeBlob') return this.#storeBlob(args);
				if (op === 'storage/getBlob') return this.#getBlob(args);
				throw new Error(`Unknown operation ${op}`);
			},
			now: () => Date.now(),
			random: () => Math.random(),
			performanceNow: () => performance.now(),
			environment: (name) => environment.get(name),
			environmentNames: () => [...environment.keys()],
			log: (level, args) => void this.log(level, args),
			allow: () => undefined
		};
	}

	#callId(): number {
		const running = this.#running.getStore();
		if (running === undefined) throw new Error("Can't use the deployment at import time");
		return running.callId;
	}

	async #storeBlob(args: unknown): Promise<string> {
		const blob = propertyOf(args, 'blob');
		const expected = propertyOf(propertyOf(args, 'options'), 'sha256');
		if (!(blob instanceof Blob)) {
			throw new Error(
				'store() expects a Blob. If you are trying to store a Request, `await request.blob()` will give you the correct input.'
			);
		}
		const callId = this.#callId();
		const file = await storeBytes(this.#settings.dataDir, blob.stream(), {
			contentType: blob.type === '' ? null : blob.type,
			sha256: typeof expected === 'string' ? expected : null
		});
		return this.#front.call('storeFile', { callId, file });
	}

	async #getBlob(args: unknown): Promise<Blob | null> {
		const storageId = new JsonFields(parseJson(JSON.stringify(args)), 'storage.get').text('storageId');
		const file = await this.#front.call('findFile', { callId: this.#callId(), storageId });
		if (file === null) return null;
		return new Blob([await readFile(filePath(this.#settings.dataDir, file))], { type: file.contentType ?? '' });
	}
}

function propertyOf(value: unknown, name: string): unknown {
	return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function toRequest({ url, method, headers, body }: WireRequest): Request {
	const hasBody = method !== 'GET' && method !== 'HEAD';
	return new Request(url, {
		method,
		headers: headers.map(([name, value]): [string, string] => [name, value]),
		body: hasBody ? new Uint8Array(body) : null
	});
}
