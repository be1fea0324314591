import { routeHttp, NO_ROUTES } from '../engine/components/routes.ts';
import type { HttpTarget } from '../engine/components/routes.ts';
import { FunctionRefusal, httpFailure, lost } from '../engine/failure.ts';
import type { Limits } from '../engine/limits.ts';
import { emptyTrace } from '../engine/logs.ts';
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

/** Runs actions for the front, answers what they ask while they run, and reports each as it ends. */
export class ActionCalls {
	readonly #engine: EngineSupervisor;
	readonly #limits: Limits;
	readonly #notices: Notices;
	readonly #backend: ActionBackend;
	readonly #host: ActionsHost;
	/** What each running action runs for, by call id. */
	readonly #contexts = new Map<number, ActionContext>();
	/** The clients of the HTTP actions among them. */
	readonly #exchanges = new Map<number, HttpExchange>();
	#lastCallId = 0;

	constructor({ settings, limits, engine, notices, deployment, backend }: ActionCallsOptions) {
		this.#engine = engine;
		this.#limits = limits;
		this.#notices = notices;
		this.#backend = backend;
		this.#host = new ActionsHost(settings, limits, deployment, {
			syscall: ({ callId, op, args }) => actionSyscall(this.#backend, this.#context(callId), op, args),
			storeFile: async ({ callId, file }) => {
				try {
					return await notices.commit(
						engine.call('registerFile', { component: this.#context(callId).component, file })
					);
				} catch (error) {
					await engine.call('discardFiles', [file.name]);
					throw error;
				}
			},
			findFile: ({ callId, storageId }) =>
				engine.call('file', { component: this.#context(callId).component, storageId }),
			requestPart: ({ callId }) => this.#exchangeOf(callId).requestPart(),
			respond: ({ callId, ...head }) => this.#exchangeOf(callId).respond(head),
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
		if (refusal !== null) return this.#ended(call, emptyTrace('Action'), lost(call, refusal));
		const callId = this.#enter(call, job);
		try {
			const { outcome, trace } = await this.#host.action(callId, call);
			if (!outcome.ok) return this.#ended(call, trace, outcome);
			const mismatch = await this.#engine.call('checkReturn', {
				path: call.path,
				componentPath: call.componentPath,
				value: outcome.value
			});
			return this.#ended(
				call,
				trace,
				mismatch === null ? outcome : { ...lost(call, mismatch), logLines: outcome.logLines }
			);
		} catch (error) {
			if (!(error instanceof ActionDied || error instanceof FunctionRefusal)) throw error;
			return this.#ended(call, emptyTrace('Action'), lost(call, error.message));
		} finally {
			this.#contexts.delete(callId);
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
		const callId = this.#enter(call, null);
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
			this.#notices.ran({ ...call, path: identifier }, trace, failed?.failure ?? null);
			exchange.end(failed);
		} catch (error) {
			const message = error instanceof Error ? error.message : String(error);
			const failed = httpFailure(message, { message }, requestId);
			this.#notices.ran(call, emptyTrace('HttpAction'), failed.failure);
			exchange.cut(failed);
		} finally {
			signal.removeEventListener('abort', abandon);
			this.#contexts.delete(callId);
			this.#exchanges.delete(callId);
		}
	}

	#ended(call: FunctionCall, trace: Trace, outcome: Outcome): Outcome {
		this.#notices.ran(call, trace, outcome.ok ? null : outcome.failure);
		return outcome;
	}

	#enter(call: Omit<FunctionCall, 'args'>, job: string | null): number {
		const callId = ++this.#lastCallId;
		const { identity, requestId, caller, componentPath: component } = call;
		const isHttp = caller === 'httpAction' && call.path.includes(' ');
		const path = isHttp ? call.path : displayPath(parseFunctionPath(call.path, component));
		this.#contexts.set(callId, {
			path,
			component,
			identity,
			requestId,
			caller: isHttp ? 'httpAction' : 'action',
			job
		});
		return callId;
	}

	#exchangeOf(callId: number): HttpExchange {
		const exchange = this.#exchanges.get(callId);
		if (exchange === undefined) throw new Error('The HTTP action has ended.');
		return exchange;
	}

	#context(callId: number): ActionContext {
		const context = this.#contexts.get(callId);
		if (context === undefined) throw new Error('The action has ended. Await every promise before returning.');
		return context;
	}
}
