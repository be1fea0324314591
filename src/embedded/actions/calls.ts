import { routeHttp, NO_ROUTES } from '../engine/components/routes.ts';
import type { HttpTarget } from '../engine/components/routes.ts';
import { FunctionRefusal, httpFailure, lost } from '../engine/failure.ts';
import type { Limits } from '../engine/limits.ts';
import { emptyTrace, newExecutionId, progressEntry } from '../engine/logs.ts';
import type { Ending } from '../engine/logs.ts';
import type { Notices } from '../engine/notices.ts';
import { displayPath, parseFunctionPath } from '../engine/paths.ts';
import type { DeploymentState, EngineSettings, Trace } from '../engine/protocol.ts';
import type { EngineSupervisor } from '../engine/supervisor.ts';
import type { FunctionCall, HttpActionRequest, HttpActionResponse, Outcome } from '../engine/types.ts';
import { ActionDied, ActionsHost } from './host.ts';
import { HttpExchange, refuseLarge } from './httpExchange.ts';
import { actionSyscall, identityIn } from './syscalls.ts';
import type { ActionBackend, ActionContext } from './syscalls.ts';

interface ActionCallsOptions {
	readonly settings: EngineSettings;
	readonly limits: Limits;
	readonly engine: EngineSupervisor;
	readonly notices: Notices;
	readonly deployment: DeploymentState;
	readonly backend: ActionBackend;
}

/** An action under way, and what it has used up. */
interface Run {
	/** As logs name it. */
	call: Omit<FunctionCall, 'args'>;
	readonly udfType: 'Action' | 'HttpAction';
	/** What it runs for. */
	readonly context: ActionContext;
	/** Milliseconds since 1970. */
	readonly started: number;
	/** Of the answer of an HTTP action. */
	status: number;
	/** Bytes of stored files. */
	storageRead: number;
	storageWritten: number;
}

/** Runs actions for the front, answers what they ask while they run, and reports each as it ends. */
export class ActionCalls {
	readonly #engine: EngineSupervisor;
	readonly #limits: Limits;
	readonly #notices: Notices;
	readonly #backend: ActionBackend;
	readonly #host: ActionsHost;
	/** By call id. */
	readonly #runs = new Map<number, Run>();
	/** The clients of the HTTP actions among them. */
	readonly #exchanges = new Map<number, HttpExchange>();
	#lastCallId = 0;

	constructor({ settings, limits, engine, notices, deployment, backend }: ActionCallsOptions) {
		this.#engine = engine;
		this.#limits = limits;
		this.#notices = notices;
		this.#backend = backend;
		this.#host = new ActionsHost(settings, limits, deployment, {
			logged: ({ callId, line }) => {
				const run = this.#runs.get(callId);
				if (run !== undefined)
					notices.logged(progressEntry(run.call, run.udfType, line, { ...run.context, started: run.started }));
				return null;
			},
			syscall: ({ callId, op, args }) => actionSyscall(this.#backend, this.#run(callId).context, op, args),
			storeFile: async ({ callId, file }) => {
				const run = this.#run(callId);
				try {
					const { component } = run.context;
					const storageId = await notices.commit(engine.call('registerFile', { component, file }));
					run.storageWritten += file.size;
					return storageId;
				} catch (error) {
					await engine.call('discardFiles', [file.name]);
					throw error;
				}
			},
			findFile: async ({ callId, storageId }) => {
				const run = this.#run(callId);
				const file = await engine.call('file', { component: run.context.component, storageId });
				run.storageRead += file?.size ?? 0;
				return file;
			},
			requestPart: ({ callId }) => this.#exchangeOf(callId).requestPart(),
			respond: ({ callId, ...head }) => {
				this.#run(callId).status = head.status;
				return this.#exchangeOf(callId).respond(head);
			},
			responsePart: ({ callId, part }) => this.#exchangeOf(callId).write(part)
		});
	}

	/** From now on, actions run this deployment's code; those under way finish where they are. */
	deploy(deployment: DeploymentState): void {
		this.#host.deploy(deployment);
	}

	close(): void {
		this.#host.close();
	}

	async action(call: FunctionCall, job: string | null = null): Promise<Outcome> {
		const refusal = await this.#engine.call('checkAction', call);
		const callId = this.#enter(call, 'Action', job);
		try {
			if (refusal !== null) return this.#ended(callId, emptyTrace('Action', 'invalid'), lost(call, refusal));
			const { outcome, trace } = await this.#host.action(callId, call);
			if (!outcome.ok) return this.#ended(callId, trace, outcome);
			const mismatch = await this.#engine.call('checkReturn', {
				path: call.path,
				componentPath: call.componentPath,
				value: outcome.value
			});
			return this.#ended(
				callId,
				trace,
				mismatch === null ? outcome : { ...lost(call, mismatch), logLines: outcome.logLines }
			);
		} catch (error) {
			if (!(error instanceof ActionDied || error instanceof FunctionRefusal)) throw error;
			return this.#ended(callId, emptyTrace('Action'), lost(call, error.message));
		} finally {
			this.#runs.delete(callId);
		}
	}

	/** Resolves with the head of the answer; its body comes as the action makes it. */
	async httpAction(request: HttpActionRequest): Promise<HttpActionResponse> {
		const { identity, requestId } = request;
		const { pathname } = new URL(request.url);
		const route = routeHttp(this.#backend.components(), request.method, pathname);
		const refusal = route === null ? NO_ROUTES : refuseLarge(request, this.#limits.httpBodyBytes);
		if (route === null || refusal !== null) return refusal ?? NO_ROUTES;
		const call = {
			path: `${request.method} ${pathname}`,
			componentPath: route.component,
			// Who asks is the app's affair: a component learns of an admin only.
			identity: identityIn(route.component, identity),
			requestId,
			caller: 'httpAction'
		} as const;
		const callId = this.#enter(call, 'HttpAction', null);
		const exchange = new HttpExchange(request.body, this.#limits.httpBodyBytes);
		this.#exchanges.set(callId, exchange);
		void this.#exchange(callId, call, request, route, exchange);
		return exchange.response;
	}

	/** Runs an HTTP action to the end of its answer, which is later than the answer's beginning. */
	async #exchange(
		callId: number,
		call: Omit<FunctionCall, 'args'>,
		{ method, url, headers, body, requestId, signal }: HttpActionRequest,
		route: HttpTarget,
		exchange: HttpExchange
	): Promise<void> {
		const abandon = (): void => this.#host.abandon(callId);
		signal.addEventListener('abort', abandon, { once: true });
		try {
			const request = { method, url, headers, requestId, hasBody: body !== null };
			const { failure: failed, identifier, trace } = await this.#host.httpAction(callId, request, route);
			const run = this.#run(callId);
			run.call = { ...call, path: identifier };
			this.#report(run, trace, failed ? { ok: false, failure: failed.failure } : { ok: true, status: run.status });
			exchange.end(failed);
		} catch (error) {
			const message = error instanceof Error ? error.message : String(error);
			const failed = httpFailure(message, { message }, requestId);
			this.#report(this.#run(callId), emptyTrace('HttpAction'), { ok: false, failure: failed.failure });
			exchange.cut(failed);
		} finally {
			signal.removeEventListener('abort', abandon);
			this.#runs.delete(callId);
			this.#exchanges.delete(callId);
		}
	}

	#ended(callId: number, trace: Trace, outcome: Outcome): Outcome {
		this.#report(this.#run(callId), trace, outcome);
		return outcome;
	}

	#report({ call, context, storageRead, storageWritten }: Run, trace: Trace, ending: Ending): void {
		const usage = { ...trace.usage, storageReadBytes: storageRead, storageWriteBytes: storageWritten };
		this.#notices.ran(call, { ...trace, usage }, ending, context.executionId);
	}

	#enter(call: Run['call'], udfType: Run['udfType'], job: string | null): number {
		const callId = ++this.#lastCallId;
		const { identity, requestId, componentPath: component } = call;
		const isHttp = udfType === 'HttpAction';
		const path = isHttp ? call.path : displayPath(parseFunctionPath(call.path, component));
		const caller = isHttp ? 'httpAction' : 'action';
		const executionId = newExecutionId();
		const context = { path, component, identity, requestId, caller, executionId, job } as const;
		const started = Date.now();
		this.#runs.set(callId, {
			call,
			udfType,
			context,
			started,
			status: 0,
			storageRead: 0,
			storageWritten: 0
		});
		return callId;
	}

	#exchangeOf(callId: number): HttpExchange {
		const exchange = this.#exchanges.get(callId);
		if (exchange === undefined) throw new Error('The HTTP action has ended.');
		return exchange;
	}

	#run(callId: number): Run {
		const run = this.#runs.get(callId);
		if (run === undefined) throw new Error('The action has ended. Await every promise before returning.');
		return run;
	}
}
