import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from '../engine/child.ts';
import type { HttpTarget } from '../engine/components/routes.ts';
import type { Limits } from '../engine/limits.ts';
import type {
	ActionRun,
	ActionsMethods,
	DeploymentState,
	EngineSettings,
	FrontMethods,
	HttpRun,
	WireRequest
} from '../engine/protocol.ts';
import { answer, Outbox } from '../engine/rpc.ts';
import type { Handlers } from '../engine/rpc.ts';
import { FunctionRefusal } from '../engine/failure.ts';
import { parseFunctionPath } from '../engine/paths.ts';
import { Turns } from '../engine/turns.ts';
import type { ModuleSource } from '../engine/bundle.ts';
import type { FunctionCall } from '../engine/types.ts';

/** The process that ran an action ended, or stopped answering: whatever the action had done stays done. */
export class ActionDied extends Error {
	override readonly name = 'ActionDied';
}

/** What the front answers to actions. */
type FrontHandlers = Omit<Handlers<FrontMethods>, 'retire'>;

/** V8 would rather let garbage lie than look whether an action has used up its memory. */
const KEEP_HEAPS_SMALL = ['--initial-old-space-size=32', '--heap-growing-percent=100'];

const ENTRY = new URL('./process.ts', import.meta.url);

/** One actions process, for one push and one environment. */
class ActionsProcess {
	readonly #child: Child;
	readonly #outbox: Outbox<ActionsMethods>;
	#retired = false;
	#running = 0;
	#pulse: NodeJS.Timeout | undefined;
	#silence: NodeJS.Timeout | undefined;
	ended = false;

	constructor(settings: EngineSettings, limits: Limits, deployment: DeploymentState, front: FrontHandlers) {
		const handlers: Handlers<FrontMethods> = {
			...front,
			retire: () => {
				this.retire();
				return null;
			}
		};
		const directory = join(settings.dataDir, 'modules', randomUUID());
		this.#child = new Child({
			entry: ENTRY,
			heapMegabytes: limits.heapMegabytes,
			flags: KEEP_HEAPS_SMALL,
			onMessage: (message) => {
				if (this.#outbox.receive(message)) return;
				if (message.kind === 'call') void answer(handlers, message, (reply) => this.#child.sendAny(reply));
			},
			onEnd: (description) => {
				this.ended = true;
				this.#leaveAlone();
				rm(directory, { recursive: true, force: true }).catch(() => undefined);
				this.#outbox.rejectAll(
					new ActionDied(
						`The action was lost: the process that ran it ended (${description}). It was not started again, because it may have had effects.`
					)
				);
			}
		});
		this.#outbox = new Outbox((message) => this.#child.sendAny(message));
		this.#outbox.call('start', { settings, deployment, limits, directory }).then(
			() => this.#keepAlive(limits),
			(error: unknown) => {
				const cause = error instanceof Error ? error.message : String(error);
				this.#outbox.rejectAll(new ActionDied(`The actions process could not start: ${cause}`));
				this.kill();
			}
		);
	}

	async run<K extends 'action' | 'httpAction'>(
		method: K,
		params: Parameters<ActionsMethods[K]>[0]
	): Promise<ReturnType<ActionsMethods[K]>> {
		this.#running++;
		try {
			return await this.#outbox.call(method, params);
		} finally {
			this.#running--;
			this.#endWhenIdle();
		}
	}

	abandon(callId: number): void {
		if (!this.ended) void this.#outbox.call('abandon', { callId }).catch(() => undefined);
	}

	get retired(): boolean {
		return this.#retired;
	}

	/** Ends the process once what it runs has ended. */
	retire(): void {
		this.#retired = true;
		this.#endWhenIdle();
	}

	kill(): void {
		this.ended = true;
		this.#leaveAlone();
		this.#child.kill();
	}

	/** No user code runs on its main thread: a process that answers nothing for long is stopped, or beyond help. */
	#keepAlive({ pingInterval, actionsSilence }: Limits): void {
		this.#pulse = setInterval(() => {
			if (this.#silence !== undefined || this.#running === 0) return;
			this.#silence = setTimeout(() => this.kill(), actionsSilence).unref();
			this.#outbox.call('ping', null).then(
				() => {
					clearTimeout(this.#silence);
					this.#silence = undefined;
				},
				() => undefined
			);
		}, pingInterval).unref();
	}

	#leaveAlone(): void {
		clearInterval(this.#pulse);
		clearTimeout(this.#silence);
	}

	#endWhenIdle(): void {
		if (this.#retired && this.#running === 0) this.kill();
	}
}

/** Runs actions in the process of the current push, started ahead of the first action and replaced when it ends. */
export class ActionsHost {
	readonly #settings: EngineSettings;
	readonly #limits: Limits;
	readonly #handlers: FrontHandlers;
	readonly #turns: Turns;
	readonly #nodeTurns: Turns;
	#deployment: DeploymentState;
	#process: ActionsProcess | null = null;
	readonly #retired = new Set<ActionsProcess>();
	#warmup: NodeJS.Timeout | undefined;

	constructor(settings: EngineSettings, limits: Limits, deployment: DeploymentState, handlers: FrontHandlers) {
		this.#settings = settings;
		this.#limits = limits;
		this.#deployment = deployment;
		this.#handlers = handlers;
		const { concurrentActions, concurrentNodeActions } = limits;
		this.#turns = new Turns(concurrentActions, tooMany(concurrentActions, 'APPLICATION_MAX_CONCURRENT_V8_ACTIONS'));
		this.#nodeTurns = new Turns(
			concurrentNodeActions,
			tooMany(concurrentNodeActions, 'APPLICATION_MAX_CONCURRENT_NODE_ACTIONS')
		);
		this.#warmUp();
	}

	/** From now on, actions run this deployment's code; those under way finish where they are. */
	deploy(deployment: DeploymentState): void {
		this.#deployment = deployment;
		for (const old of this.#retired) if (old.ended) this.#retired.delete(old);
		if (this.#process !== null) {
			this.#retired.add(this.#process);
			this.#process.retire();
		}
		this.#process = null;
		this.#warmUp();
	}

	/** Rejects with a FunctionRefusal when the action is not started, with an ActionDied when it was lost. */
	async action(callId: number, call: FunctionCall): Promise<ActionRun> {
		const runtime = this.#runtimeOf(call);
		const isNode = runtime === 'node';
		if (isNode && Buffer.byteLength(call.args) > this.#limits.nodeArgumentBytes) {
			throw new FunctionRefusal(
				'Node actions arguments size is too large. The maximum size is 5 MiB. Reduce the size of the arguments or consider using Convex runtime actions instead, which have a 16 MiB limit. See https://docs.convex.dev/functions/runtimes'
			);
		}
		// What the scheduler starts has been promised a run: it waits for as long as it takes.
		const patience = call.caller === 'scheduler' || call.caller === 'cron' ? null : this.#limits.actionPatience;
		const turns = isNode ? this.#nodeTurns : this.#turns;
		return turns.run(patience, () => this.#current().run('action', { callId, call, runtime }));
	}

	async httpAction(callId: number, request: WireRequest, route: HttpTarget): Promise<HttpRun> {
		return this.#turns.run(this.#limits.actionPatience, () =>
			this.#current().run('httpAction', { callId, request, route })
		);
	}

	/** The client of an HTTP action has gone away: the action learns of it and goes on. */
	abandon(callId: number): void {
		for (const each of [...this.#retired, this.#process]) each?.abandon(callId);
	}

	#runtimeOf(call: FunctionCall): ModuleSource['environment'] {
		const path = parseFunctionPath(call.path, call.componentPath);
		// Components have no "use node" modules.
		const modules = path.component === '' ? this.#deployment.bundle.functions : [];
		return modules.find((module) => module.path === path.module)?.environment ?? 'isolate';
	}

	close(): void {
		clearTimeout(this.#warmup);
		this.#process?.kill();
		for (const old of this.#retired) old.kill();
	}

	/** Starts the process before the first action, once the start or the push that is under way is over. */
	#warmUp(): void {
		clearTimeout(this.#warmup);
		const { analysis } = this.#deployment;
		const modules = [analysis, ...Object.values(analysis.components)].flatMap((part) => Object.values(part.modules));
		const hasActions = modules.some(
			({ functions, httpRoutes }) => httpRoutes !== null || functions.some(({ udfType }) => udfType === 'Action')
		);
		if (hasActions) this.#warmup = setTimeout(() => this.#current(), this.#limits.actionWarmup).unref();
	}

	#current(): ActionsProcess {
		if (this.#process?.retired) this.#retired.add(this.#process);
		if (this.#process === null || this.#process.ended || this.#process.retired) {
			this.#process = new ActionsProcess(this.#settings, this.#limits, this.#deployment, this.#handlers);
		}
		return this.#process;
	}
}

function tooMany(count: number, variable: string): string {
	return `Too many concurrent requests. Your backend is limited to ${count} concurrent actions. Set ${variable} if this machine can run more.`;
}
