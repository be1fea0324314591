import { AsyncLocalStorage } from 'node:async_hooks';
import { freshSeed, seededRandom } from './random.ts';
import type { SqliteStore } from '../store/store.ts';
import { DeveloperError } from '../values/errors.ts';
import { newCall } from './call.ts';
import type { Call } from './call.ts';
import { checkArguments, checkReturn } from './checks.ts';
import type { FunctionChecks } from './checks.ts';
import type { DeployedComponents } from './components/deployed.ts';
import { resolveAddress } from './components/reference.ts';
import { FunctionRefusal, nestedError } from './failure.ts';
import type { Fault } from './failure.ts';
import { JsonFields, parseJson } from './json.ts';
import type { Limits } from './limits.ts';
import { replModules, sourceModule } from './inline.ts';
import { callMethod, exportOf, hasMark, ModuleGraph } from './modules.ts';
import { canonicalPath, displayPath, inComponent } from './paths.ts';
import type { FunctionPath } from './paths.ts';
import type { DeploymentState, EngineSettings } from './protocol.ts';
import { Runtime, Runtimes } from './runtime.ts';
import { createSandbox } from './sandbox.ts';
import { settled } from './settled.ts';
import type { SandboxHost } from './sandbox.ts';
import type { Services } from './syscalls/services.ts';
import { asyncSyscall, syncSyscall } from './syscalls/table.ts';
import { budgeted, budgetFrom } from './usage.ts';
import { UserClock } from './userClock.ts';
import { durationWarnings, sizeWarnings, usageWarnings } from './warnings.ts';
import { Watchdog } from './watchdog.ts';

/** Runs queries and mutations of the deployed bundle, each inside a transaction that the caller began. */
export class Runner {
	readonly services: Services;
	readonly #store: SqliteStore;
	readonly #settings: EngineSettings;
	/** Says which call some user code belongs to, across every await. */
	readonly #calls = new AsyncLocalStorage<Call>();
	readonly #limits: Limits;
	readonly #watchdog: Watchdog;
	#runtimes: Runtimes;

	constructor(
		store: SqliteStore,
		settings: EngineSettings,
		services: Omit<Services, 'components'>,
		deployment: DeploymentState
	) {
		this.#store = store;
		this.#settings = settings;
		this.#limits = settings.limits;
		this.#watchdog = new Watchdog(settings.limits.userTime);
		this.services = { ...services, components: () => this.components };
		this.#runtimes = this.#load(deployment);
	}

	/** From now on, calls run this deployment's code, evaluated anew. */
	deploy(deployment: DeploymentState): void {
		this.#runtimes = this.#load(deployment);
	}

	get components(): DeployedComponents {
		return this.#runtimes.components;
	}

	checks(path: FunctionPath): FunctionChecks {
		return this.#runtimes.of(path.component).checks(path);
	}

	/** What user code of a component threw. */
	fault(thrown: unknown, component: string): Fault {
		return this.#runtimes.fault(thrown, component);
	}

	/**
	 * Runs one function to its end: a deployed one, or the default export of `source` in a sandbox that is thrown away.
	 * Returns Convex JSON text; throws what went wrong.
	 */
	async run(call: Call, args: string, source?: string): Promise<string> {
		const checks = source === undefined ? this.checks(call.path) : { args: null, returns: null };
		const name = canonicalPath(call.path);
		checkArguments(name, args, checks, this.#limits);
		const clock = new UserClock(this.#limits, this.#watchdog);
		call.clock = clock;
		let value: unknown;
		try {
			value = await this.#invoke(call, clock, args, source);
			// Nested functions that were not awaited still belong to the transaction.
			while (call.nested !== null) await call.nested;
		} finally {
			// Whatever the function made of it: once its time was up, that is why it failed.
			clock.end();
		}
		this.#end(call);
		if (typeof value !== 'string') throw new FunctionRefusal(`${displayPath(call.path)} returned no Convex value.`);
		checkReturn(name, value, checks, this.#limits);
		this.#warn(call, args, value);
		return value;
	}

	async #invoke(call: Call, clock: UserClock, args: string, source?: string): Promise<unknown> {
		let exported =
			source === undefined ? this.#runtimes.of(call.component).export(call.path) : this.#evaluate(call, source);
		if (exported instanceof Promise) exported = await this.#calls.run(call, () => exported);
		const method = call.kind === 'Query' ? 'invokeQuery' : 'invokeMutation';
		return settled(
			this.#calls.run(call, () => callMethod(exported, method, args)),
			call,
			clock,
			this.#limits
		);
	}

	/** A rejection that nobody handles: it fails the function in which it came about, unless that has been answered. */
	unhandled(error: unknown): void {
		this.#calls.getStore()?.fail(error);
	}

	/** Tells of limits that the function kept but came near to. */
	#warn({ request, clock }: Call, args: string, value: string): void {
		const { argumentBytes, resultBytes, userTime, warningRatio } = this.#limits;
		const warnings = [
			...sizeWarnings(args, argumentBytes, warningRatio, 'Large size of the function arguments'),
			...usageWarnings(request.usage, this.#limits),
			...sizeWarnings(value, resultBytes, warningRatio, 'Large size of the function return value'),
			...durationWarnings(clock?.userTime ?? 0, userTime, warningRatio)
		];
		for (const warning of warnings) request.logs.say('WARN', warning);
	}

	async #evaluate({ path, component }: Call, source: string): Promise<unknown> {
		const modules = [...replModules(), sourceModule(path.module, source)];
		const graph = new ModuleGraph(modules, createSandbox(this.#host(this.#runtimes.environment(component))));
		const exported = exportOf(await graph.load(path.module), path.name);
		if (hasMark(exported, 'isQuery')) return exported;
		throw new FunctionRefusal(`${path.module} must export a query by default: export default query({ handler }).`);
	}

	#end(call: Call): void {
		call.ended = true;
		for (const stream of call.streams.values()) stream.close();
		call.streams.clear();
	}

	/** `ctx.runQuery` and `ctx.runMutation` inside a transaction: one at a time, a mutation under a savepoint of its own. */
	async #runNested(parent: Call, json: string): Promise<string> {
		while (parent.nested !== null) await parent.nested;
		const { promise, resolve } = Promise.withResolvers<void>();
		parent.nested = promise;
		try {
			return await this.#runUdf(parent, new JsonFields(parseJson(json), '1.0/runUdf'));
		} finally {
			parent.nested = null;
			resolve();
		}
	}

	async #runUdf(parent: Call, fields: JsonFields): Promise<string> {
		const udfType = fields.text('udfType');
		if (parent.kind === 'Query' && udfType !== 'query') {
			throw new DeveloperError('InvalidValue', `Cannot call a ${udfType} function from a query function`);
		}
		const kind = udfType === 'mutation' ? 'Mutation' : 'Query';
		const path = resolveAddress(this.components, parent.component, fields, () => 'Cannot execute a value resource');
		const found = this.components.find(path);
		const where = inComponent(path.component);
		if (found === null)
			throw new DeveloperError(
				'InvalidValue',
				`Could not find function for '${displayPath(path)}'${where}. Did you forget to run \`npx convex dev\`?`
			);
		if (found.udfType !== kind) {
			throw new DeveloperError(
				'InvalidValue',
				`Trying to execute ${canonicalPath(path)}${where} as ${kind}, but it is defined as ${found.udfType}.`
			);
		}
		if (parent.depth >= this.#limits.callDepth) {
			throw new DeveloperError(
				'InvalidValue',
				'Cross component call depth limit exceeded. Do you have an infinite loop in your app?'
			);
		}
		const { usage } = parent.request;
		const limits = fields.has('transactionLimits')
			? budgeted(budgetFrom(fields.fields('transactionLimits')), usage.used, parent.limits)
			: parent.limits;
		const call = newCall(parent.request, { kind, path, depth: parent.depth + 1, limits });
		// A stale snapshot would need a second connection: `snapshotQuery` reads what the mutation has written so far.
		const savepoint = kind === 'Mutation' ? parent.request.transaction.savepoint() : null;
		const removed = parent.request.removedFiles.length;
		const written = usage.markWrites();
		try {
			const value = await this.run(call, `[${JSON.stringify(fields.json('args'))}]`);
			savepoint?.release();
			return value;
		} catch (error) {
			while (call.nested !== null) await call.nested;
			this.#end(call);
			savepoint?.rollback();
			if (savepoint !== null) usage.forgetWrites(written);
			parent.request.removedFiles.length = removed;
			throw nestedError(this.fault(error, path.component));
		}
	}

	#load(deployment: DeploymentState): Runtimes {
		return new Runtimes(deployment, this.#settings, ({ mounted, bundle }, environment) => {
			const resolver = this.#store.catalog.resolver(mounted.componentPath);
			return new Runtime(bundle.functions, this.#host(environment), (path) => this.components.find(path), resolver);
		});
	}

	#host(environment: ReadonlyMap<string, string>): SandboxHost {
		const loadedAt = Date.now();
		const loading = seededRandom(freshSeed());
		return {
			syscall: (op, args) => {
				const call = this.#current(op);
				return timed(call, () => syncSyscall(call, op, args, this.services));
			},
			asyncSyscall: (op, args) => {
				const call = this.#current(op);
				return timed(call, () => {
					if (op === '1.0/runUdf') return this.#runNested(call, args);
					if (call.nested === null) return asyncSyscall(call, op, args, this.services);
					return this.#afterNested(call, op, args);
				});
			},
			jsSyscall: (op) => {
				throw new DeveloperError('InvalidValue', `Unknown operation ${op}`);
			},
			now: () => this.#calls.getStore()?.request.now ?? loadedAt,
			random: () => (this.#calls.getStore()?.request.random ?? loading)(),
			timeOrigin: loadedAt,
			performanceNow: () => {
				const call = this.#calls.getStore();
				// A query must give the same answer the next time.
				return (call?.kind === 'Mutation' ? Date.now() : (call?.request.now ?? loadedAt)) - loadedAt;
			},
			environment: (name) => environment.get(name),
			environmentNames: () => [...environment.keys()],
			log: (level, args) => this.#calls.getStore()?.request.logs.write(level, args),
			allow: (what) => {
				throw new DeveloperError(
					'InvalidValue',
					`Can't use ${what} in queries and mutations. Please consider using an action. See https://docs.convex.dev/functions/actions for more details.`
				);
			}
		};
	}

	#current(op: string): Call {
		const call = this.#calls.getStore();
		if (call === undefined) throw new DeveloperError('InvalidValue', "Can't use database at import time");
		if (call.ended)
			throw new DeveloperError(
				'InvalidValue',
				`${op} was called after the function had returned. Await every promise before returning.`
			);
		return call;
	}

	async #afterNested(call: Call, op: string, args: string): Promise<string> {
		while (call.nested !== null) await call.nested;
		return asyncSyscall(call, op, args, this.services);
	}
}

/** Makes a syscall while the clock of the function stands. Throws a FunctionRefusal when its time is up. */
function timed<T extends string | Promise<string>>(call: Call, syscall: () => T): T {
	call.clock?.enter();
	let waits = false;
	try {
		const result = syscall();
		if (typeof result !== 'string') {
			waits = true;
			const leave = (): void => call.clock?.leave();
			result.then(leave, leave);
		}
		return result;
	} finally {
		if (!waits) call.clock?.leave();
	}
}
