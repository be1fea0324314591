import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Scheduler } from '../scheduler/scheduler.ts';
import { Calls } from './calls.ts';
import { mounted } from './components/tree.ts';
import { Child } from './child.ts';
import { Fault } from './fault.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { Limits } from './limits.ts';
import { Notices } from './notices.ts';
import { parseFunctionPath } from './paths.ts';
import { checkFile } from '../store/checkFile.ts';
import { SchemaWorker } from './schemaWorker.ts';
import type { AnalysisMethods, DeploymentState, EngineSettings } from './protocol.ts';
import { Outbox } from './rpc.ts';
import { EngineSupervisor } from './supervisor.ts';
import { changedEnvironment, changeRefusal, CLOUD_URL, SITE_URL } from './variables.ts';
import type { Analysis } from './analysis.ts';
import type { ModuleSource, PushBundle } from './bundle.ts';
import type { ComponentEntry, Engine } from './engine.ts';
import type { PushRefusal } from './pushChanges.ts';
import type { EnvironmentVariable, LogEntry } from './types.ts';

export interface EngineOptions extends Omit<EngineSettings, 'limits'> {
	readonly limits?: Partial<Limits>;
	readonly onLog?: (entry: LogEntry) => void;
	/** Sentences for the operator: skipped crons, jobs settled after a restart. */
	readonly report?: (sentence: string) => void;
}

/** A change of the environment with which the deployed code could not be loaded. */
export class EnvironmentRefusal extends Error {
	override readonly name = 'EnvironmentRefusal';
	readonly code: string;

	constructor(refusal: PushRefusal) {
		super(refusal.message);
		this.code = refusal.code;
	}
}

const MAINTENANCE_INTERVAL = 60 * 60_000;
const ANALYSIS_ENTRY = new URL('./analysisProcess.ts', import.meta.url);

/** Starts the processes that run functions on the store in `dataDir`. Rejects when the store cannot be opened. */
export async function createEngine({
	limits: given,
	onLog,
	report = () => undefined,
	...places
}: EngineOptions): Promise<Engine> {
	const limits: Limits = { ...DEFAULT_LIMITS, ...given };
	const settings: EngineSettings = { ...places, limits };
	// Modules of an earlier run that did not end by itself.
	rmSync(join(settings.dataDir, 'modules'), { recursive: true, force: true });
	let notices: Notices | null = null;
	let schemaWorker: SchemaWorker | null = null;
	const fault = new Fault(report);
	const supervisor = new EngineSupervisor(
		settings,
		limits,
		(boot) => {
			notices?.everythingChanged(boot?.latestTs);
			schemaWorker?.wake();
		},
		fault
	);
	// While the process starts.
	const boot = await supervisor.start(checkFile(join(settings.dataDir, 'data.sqlite')));
	const unsubscribe = (subscriptions: readonly string[]): void => {
		supervisor.call('unsubscribe', subscriptions).catch(() => undefined);
	};
	notices = new Notices(boot.latestTs, unsubscribe);
	supervisor.onRenewed = notices.renewed.bind(notices);
	if (onLog !== undefined) notices.onLog(onLog);
	let deployment = boot.deployment;
	const calls = new Calls(settings, limits, supervisor, notices, deployment);
	const scheduler = startScheduler(calls, supervisor, notices, limits, report);
	const commit = notices.commit.bind(notices);

	const maintain = async (): Promise<void> => {
		while ((await commit(supervisor.call('maintain', null))) > 0);
	};
	const maintenance = setInterval(() => {
		maintain().catch((error: unknown) => report(`Maintenance failed: ${String(error)}`));
	}, MAINTENANCE_INTERVAL);
	maintenance.unref();
	/** Removes what imports have left, a little at a time. */
	const purge = async (): Promise<void> => {
		while ((await commit(supervisor.call('purge', null))) > 0);
	};
	await purge();
	scheduler.start();
	schemaWorker = startSchemaWorker(supervisor, notices, limits, report);
	schemaWorker.wake();

	/** Fetches what is deployed now and lets everything run it. */
	const deployed = async (): Promise<void> => {
		deployment = await supervisor.call('deployment', null);
		calls.deploy(deployment);
		notices.everythingChanged();
		scheduler.wake();
	};

	return {
		latestTs: () => notices.latestTs,
		fault: () => fault.words,
		querySet: (requests) => calls.querySet(requests),
		unsubscribe,
		mutation: (call, session) => calls.mutation(call, session),
		action: (call) => calls.actions.action(call),
		httpAction: (request) => calls.actions.httpAction(request),
		onCommit: (listener) => notices.onCommit(listener),
		onLog: (listener) => notices.onLog(listener),

		functionInfo: async (path, componentPath) => calls.components.find(parseFunctionPath(path, componentPath)),
		components: async () => componentEntries(deployment),
		modules: async () => appModules(deployment.bundle),
		moduleSources: async (paths) => {
			const wanted = new Set(paths);
			return appModules(deployment.bundle).filter((module) => wanted.has(module.path));
		},
		analysis: async () => deployment.analysis,
		async preparePush(bundle, forCodegen = false) {
			const analysis = await analyze(bundle, settings, limits, deployment.environment, forCodegen);
			if ('code' in analysis) return analysis;
			const planned = await supervisor.call('planPush', analysis);
			return 'code' in planned ? planned : { analysis, ...planned };
		},
		predictSchema: (analysis) => supervisor.call('predictSchema', analysis, limits.pushWallClock),
		async submitSchema(analysis, dryRun) {
			const change = await commit(supervisor.call('submitSchema', { analysis, dryRun }, limits.pushWallClock));
			schemaWorker.asked(change);
			schemaWorker.wake();
			return change;
		},
		async schemaStatus(change, patience) {
			const deadline = Date.now() + patience;
			for (;;) {
				const status = await supervisor.call('schemaStatus', change);
				const left = deadline - Date.now();
				if (status?.type === 'inProgress' || status?.type === 'complete') schemaWorker.asked(change);
				if (status?.type !== 'inProgress' || left <= 0) return status;
				schemaWorker.wake();
				await schemaWorker.moved(left);
			}
		},
		async abandonSchema(change) {
			await commit(supervisor.call('abandonSchema', change));
			schemaWorker.wake();
		},
		async applyPush(bundle, analysis) {
			const applied = await supervisor.call('applyPush', { bundle, analysis }, limits.pushWallClock);
			if (!('code' in applied)) await deployed();
			schemaWorker.wake();
			return applied;
		},

		environment: async () => deployment.environment,
		async setEnvironment(changes) {
			const refusal = changeRefusal(deployment.environment, changes, deployment.analysis.definition, limits);
			if (refusal !== null) throw new EnvironmentRefusal(refusal);
			const environment = changedEnvironment(deployment.environment, changes);
			if (JSON.stringify(environment) === JSON.stringify(deployment.environment)) return;
			const analysis = await analyze(deployment.bundle, settings, limits, environment, false);
			if ('code' in analysis) throw new EnvironmentRefusal(analysis);
			await supervisor.call('setEnvironment', { changes, analysis });
			await deployed();
		},

		tableNames: (componentPath) => supervisor.call('tableNames', componentPath),
		tableData: (request) => supervisor.call('tableData', request),
		registerFile: (request) => commit(supervisor.call('registerFile', request)),
		discardFiles: (names) => supervisor.call('discardFiles', names),
		tableCounts: () => supervisor.call('tableCounts', null, limits.pushWallClock),
		beginImport: (mode, tables) => supervisor.call('beginImport', { mode, tables }),
		importRows: (tablet, rows) => supervisor.call('importRows', { tablet, rows }),
		importFiles: (tablet, files) => supervisor.call('importFiles', { tablet, files }),
		appendImported: (staged) => commit(supervisor.call('appendImported', staged)),
		async publishImport(mode, staged) {
			if (await commit(supervisor.call('publishImport', { mode, staged }, limits.pushWallClock))) await deployed();
			// What a change of the schema had checked and filled may have been replaced.
			schemaWorker.wake();
			return null;
		},
		async endImport(staged) {
			await supervisor.call('endImport', staged);
			purge().catch((error: unknown) => report(`Data that was replaced could not be removed: ${String(error)}`));
			return null;
		},
		startCopy: (path) => supervisor.call('startCopy', path),
		copyState: () => supervisor.call('copyState', null),
		releaseCopy: () => supervisor.call('releaseCopy', null),
		fileByUuid: (component, uuid) => supervisor.call('fileByUuid', { component, uuid }),

		async close() {
			scheduler.stop();
			schemaWorker.close();
			clearInterval(maintenance);
			calls.actions.close();
			await supervisor.close(limits.closeGrace);
			rmSync(join(settings.dataDir, 'modules'), { recursive: true, force: true });
		}
	};
}

function startScheduler(
	calls: Calls,
	supervisor: EngineSupervisor,
	notices: Notices,
	limits: Limits,
	report: (sentence: string) => void
): Scheduler {
	const scheduler = new Scheduler(
		{
			async dueWork(limit, jobs, crons) {
				const work = await supervisor.call('dueWork', { limit, jobs, crons });
				notices.committed(work.notice);
				return work;
			},
			runJob: (id) => calls.runJob(id),
			runCron: (key) => calls.runCron(key),
			runAction: (component, path, args, job) =>
				calls.runScheduledAction(component, path, args, job === null ? 'cron' : 'scheduler', job),
			finishJob: async (id, end) => void (await notices.commit(supervisor.call('finishJob', { id, end }))),
			report
		},
		limits.parallelJobs
	);
	calls.onScheduled = () => scheduler.wake();
	return scheduler;
}

function startSchemaWorker(
	supervisor: EngineSupervisor,
	notices: Notices,
	limits: Limits,
	report: (sentence: string) => void
): SchemaWorker {
	const budget = { documents: limits.schemaStepDocuments, milliseconds: limits.schemaStepTime };
	const worker = new SchemaWorker(
		{
			step: () => supervisor.call('schemaStep', budget),
			async abandon(change) {
				await notices.commit(supervisor.call('abandonSchema', change));
				worker.wake();
			},
			committed: (notice) => notices.committed(notice),
			report
		},
		limits.abandonedPush
	);
	return worker;
}

/** Evaluates a bundle in a process of its own, which leaves nothing behind. */
async function analyze(
	bundle: PushBundle,
	settings: EngineSettings,
	limits: Limits,
	environment: readonly EnvironmentVariable[],
	forCodegen: boolean
): Promise<Analysis | PushRefusal> {
	const directory = join(settings.dataDir, 'modules', `analysis-${randomUUID()}`);
	const ended = (description: string): PushRefusal => ({
		code: 'InvalidModules',
		message: `Loading the pushed modules ended the process that loaded them (${description}). Look for process.exit(), an endless loop or too much memory at the top level of a module.`
	});
	const variables = Object.fromEntries(environment.map(({ name, value }) => [name, value]));
	return new Promise((resolve, reject) => {
		const child = new Child({
			entry: ANALYSIS_ENTRY,
			heapMegabytes: limits.heapMegabytes,
			environment: { ...variables, [CLOUD_URL]: settings.cloudUrl, [SITE_URL]: settings.siteUrl },
			onMessage: (message) => void outbox.receive(message),
			onEnd(description) {
				clearTimeout(timer);
				resolve(ended(description));
				rm(directory, { recursive: true, force: true }).catch(() => undefined);
			}
		});
		const outbox = new Outbox<AnalysisMethods>((message) => child.sendAny(message));
		const timer = setTimeout(() => {
			resolve(ended(`after ${limits.analysisWallClock / 1000} s`));
			child.kill();
		}, limits.analysisWallClock);
		outbox
			.call('analyze', { bundle, settings, environment, directory, forCodegen })
			.then(resolve, reject)
			.finally(() => child.kill());
	});
}

function appModules({ functions, auth }: PushBundle): readonly ModuleSource[] {
	return auth === null ? functions : [...functions, auth];
}

function componentEntries({ analysis, unmounted }: DeploymentState): ComponentEntry[] {
	const active = [...mounted(analysis.app)].map(({ componentPath, args, httpPrefix }): ComponentEntry => {
		const values = Object.entries(args).flatMap(([name, resource]): [string, string][] =>
			resource.type === 'value' ? [[name, resource.value]] : []
		);
		return { path: componentPath, state: 'active', args: Object.fromEntries(values), httpPrefix };
	});
	const gone = unmounted.map((path): ComponentEntry => ({ path, state: 'unmounted', args: {}, httpPrefix: null }));
	return [...active, ...gone];
}
