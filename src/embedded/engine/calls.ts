import { ActionCalls } from '../actions/calls.ts';
import type { ActionBackend } from '../actions/syscalls.ts';
import type { JobEnd } from '../scheduler/jobs.ts';
import { DeployedComponents } from './components/deployed.ts';
import { lost } from './failure.ts';
import type { Limits } from './limits.ts';
import { emptyTrace } from './logs.ts';
import type { Notices } from './notices.ts';
import type { DeploymentState, EngineSettings, MutationRun, QueryRun } from './protocol.ts';
import { EngineDied } from './death.ts';
import type { EngineSupervisor } from './supervisor.ts';
import type {
	FunctionCall,
	MutationResult,
	QueryRequest,
	QueryResult,
	QuerySetResult,
	SessionRequest
} from './types.ts';
import { newRequestId } from '../requestId.ts';

/** Runs functions of every kind in the process that is theirs, and reports each as it ends. */
export class Calls {
	/** Called when there may be new work for the scheduler. */
	onScheduled: () => void = () => undefined;
	readonly actions: ActionCalls;
	readonly #engine: EngineSupervisor;
	readonly #notices: Notices;
	/** What is mounted now. */
	#components: DeployedComponents;

	constructor(
		settings: EngineSettings,
		limits: Limits,
		engine: EngineSupervisor,
		notices: Notices,
		deployment: DeploymentState
	) {
		this.#engine = engine;
		this.#notices = notices;
		this.#components = new DeployedComponents(deployment.bundle, deployment.analysis);
		const backend: ActionBackend = {
			cloudUrl: settings.cloudUrl,
			components: () => this.#components,
			query: async (call) => {
				const { results } = await this.querySet([{ ...call, journal: null }]);
				return results[0]?.outcome ?? lost(call, 'The query gave no answer.');
			},
			mutation: async (call) => (await this.mutation(call)).outcome,
			action: (call) => this.actions.action(call),
			schedule: async (component, args) => {
				const id = await notices.commit(engine.call('schedule', { component, args }));
				this.onScheduled();
				return id;
			},
			cancelJob: (component, id) => notices.commit(engine.call('cancelJob', { component, id })),
			vectorSearch: (component, query) => engine.call('vectorSearch', { component, query }),
			file: (component, storageId) => engine.call('file', { component, storageId }),
			deleteFile: (component, storageId) => notices.commit(engine.call('deleteFile', { component, storageId })),
			uploadUrl: (component) => engine.call('uploadUrl', { component })
		};
		this.actions = new ActionCalls({ settings, limits, engine, notices, deployment, backend });
	}

	get components(): DeployedComponents {
		return this.#components;
	}

	/** From now on, calls run this deployment's code. */
	deploy(deployment: DeploymentState): void {
		this.#components = new DeployedComponents(deployment.bundle, deployment.analysis);
		this.actions.deploy(deployment);
	}

	/** Runs every query at one snapshot. A query that ends the engine process fails alone; the others are run again. */
	async querySet(requests: readonly QueryRequest[]): Promise<QuerySetResult> {
		const results: (QueryResult | undefined)[] = requests.map(() => undefined);
		for (;;) {
			const places = requests.flatMap((_, place) => (results[place] === undefined ? [place] : []));
			const asked = places.flatMap((place) => requests[place] ?? []);
			try {
				const set = await this.#engine.call('querySet', asked);
				set.runs.forEach((run, i) => this.#answered(results, places[i], asked[i], run));
				return { ts: set.ts, results: results.filter((result) => result !== undefined) };
			} catch (error) {
				const place = error instanceof EngineDied ? places[error.progress] : undefined;
				const request = place === undefined ? undefined : requests[place];
				if (!(error instanceof EngineDied) || place === undefined || request === undefined) throw error;
				const outcome = lost(request, error.message);
				results[place] = { outcome, journal: null, readIdentity: true };
				this.#notices.ran(request, emptyTrace('Query'), outcome);
			}
		}
	}

	async mutation(call: FunctionCall, session?: SessionRequest): Promise<MutationResult> {
		try {
			return this.#mutated(call, await this.#engine.call('mutation', { call, session: session ?? null }));
		} catch (error) {
			if (!(error instanceof EngineDied)) throw error;
			const outcome = lost(call, error.message);
			this.#notices.ran(call, emptyTrace('Mutation'), outcome);
			return { outcome, ts: null };
		}
	}

	/** Runs a scheduled mutation; its end is recorded in the same transaction, or here when it ended the process. */
	async runJob(id: string): Promise<void> {
		await this.#runScheduled(
			{ path: `scheduled:${id}`, caller: 'scheduler' },
			(requestId) => this.#engine.call('runJob', { id, requestId }),
			async (error) => {
				await this.#notices.commit(this.#engine.call('finishJob', { id, end: { kind: 'failed', error } }));
			}
		);
	}

	/** Returns sentences about runs that were skipped. */
	async runCron(key: string): Promise<readonly string[]> {
		let skipped: readonly string[] = [];
		await this.#runScheduled(
			{ path: `cron:${key}`, caller: 'cron' },
			async (requestId) => {
				const ran = await this.#engine.call('runCron', { key, requestId });
				skipped = ran?.skipped ?? [];
				return ran?.run ?? null;
			},
			async () => {
				await this.#notices.commit(this.#engine.call('skipCron', { key }));
			}
		);
		return skipped;
	}

	async runScheduledAction(
		componentPath: string,
		path: string,
		args: string,
		caller: 'scheduler' | 'cron',
		job: string | null
	): Promise<JobEnd> {
		const call: FunctionCall = {
			path,
			args,
			caller,
			componentPath,
			identity: { kind: 'none' },
			requestId: newRequestId()
		};
		const outcome = await this.actions.action(call, job);
		return outcome.ok ? { kind: 'success' } : { kind: 'failed', error: outcome.failure.message };
	}

	async #runScheduled(
		origin: Pick<FunctionCall, 'path' | 'caller'>,
		run: (requestId: string) => Promise<MutationRun | null>,
		settle: (error: string) => Promise<void>
	): Promise<void> {
		const call: FunctionCall = {
			...origin,
			args: '[]',
			componentPath: '',
			identity: { kind: 'none' },
			requestId: newRequestId()
		};
		try {
			const ran = await run(call.requestId);
			if (ran !== null) this.#mutated({ ...call, path: ran.path, componentPath: ran.componentPath }, ran);
		} catch (error) {
			if (!(error instanceof EngineDied)) throw error;
			await settle(error.message);
			this.#notices.ran(call, emptyTrace('Mutation'), { ok: false, failure: { message: error.message } });
		}
	}

	#mutated(call: FunctionCall, { result, trace, notice, scheduled }: MutationRun): MutationResult {
		this.#notices.committed(notice);
		this.#notices.ran(call, trace, result.outcome);
		if (scheduled) this.onScheduled();
		return result;
	}

	#answered(
		results: (QueryResult | undefined)[],
		place: number | undefined,
		request: QueryRequest | undefined,
		run: QueryRun
	): void {
		if (place === undefined || request === undefined) return;
		results[place] = run.result;
		this.#notices.ran(request, run.trace, run.result.outcome);
	}
}
