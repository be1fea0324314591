import { Files } from '../files/files.ts';
import { Removals } from '../files/removals.ts';
import { uploadUrl } from '../files/tokens.ts';
import { CronTable } from '../scheduler/crons.ts';
import type { DueCron } from '../scheduler/crons.ts';
import { Jobs } from '../scheduler/jobs.ts';
import type { JobEnd } from '../scheduler/jobs.ts';
import { prefixRange, keyAfter } from '../values/keys.ts';
import type { StepBudget } from '../store/filling.ts';
import type { SqliteStore } from '../store/store.ts';
import type { StoreTransaction } from '../store/transaction.ts';
import { resolveFunction } from './access.ts';
import { DataCopy } from './copy.ts';
import { checkArguments, checkReturn } from './checks.ts';
import { loadDeployment, saveAnalysis } from './deployment.ts';
import { Executor } from './executor.ts';
import { FunctionRefusal } from './failure.ts';
import { Imports } from './imports.ts';
import { JsonFields, parseJson } from './json.ts';
import { canonicalPath, parseFunctionPath } from './paths.ts';
import type { DueWork, EngineMethods, EngineSettings, MutationRun, QueryRun } from './protocol.ts';
import { renewal } from './renewals.ts';
import { Runner } from './runner.ts';
import { Signer } from './secret.ts';
import { StoredEnvironment } from './storedEnvironment.ts';
import { Sessions } from './sessions.ts';
import { readJob } from './syscalls/schedule.ts';
import { vectorSearch } from './syscalls/vectors.ts';
import type { Analysis } from './analysis.ts';
import type { AppliedPush, PushRefusal } from './pushChanges.ts';
import type { FunctionCall } from './types.ts';
import { applyPush, planPush, predictSchema, schemasOf } from './push.ts';

/** Work that was under way when a process ended is never started again: at most once. */
const ABANDONED: JobEnd = {
	kind: 'failed',
	error:
		'The deployment restarted while the action was running. It was not started again, because it may have had effects.'
};

const PRUNE_BATCH = 1_000;

/** What the engine process does for each method, on one open store. `began` hears which part of a call is begun. */
export function engineHandlers(store: SqliteStore, settings: EngineSettings, began: (part: number) => void) {
	const jobs = new Jobs(store);
	const crons = new CronTable(store);
	const files = new Files(store);
	const sessions = new Sessions();
	const signer = Signer.open(settings.dataDir);
	const environment = new StoredEnvironment(store.database, signer);
	let deployment = loadDeployment(store.database, environment.read());
	const runner = new Runner(store, settings, { settings, signer, jobs, files }, deployment);
	const removals = new Removals(settings.dataDir, store.database, files);
	const executor = new Executor(store, runner, sessions, removals, settings.limits);

	const imports = new Imports(store, executor, files, removals);

	const reload = (): void => {
		deployment = loadDeployment(store.database, environment.read());
		runner.deploy(deployment);
	};

	const scheduled = (
		{ path, args }: { readonly path: string; readonly args: string },
		componentPath: string,
		requestId: string,
		caller: FunctionCall['caller']
	): FunctionCall => ({ path, componentPath, args, identity: { kind: 'none' }, caller, requestId });

	return {
		removals,
		unhandled: (error: unknown) => runner.unhandled(error),
		imports,
		copy: new DataCopy(store.database, removals),

		/** Commits nothing, to see whether that works. */
		touch: () => void executor.write((tx) => void tx.exclusive()),

		/** Nobody is told about the subscriptions that are known now any more. */
		forgetSubscriptions: () => executor.forgetSubscriptions(),

		renewal: (callsWait: () => boolean) => renewal(executor, store, settings.limits, callsWait),

		boot: () => ({ latestTs: store.latestTs, deployment }),

		async querySet(requests: Parameters<EngineMethods['querySet']>[0]) {
			// Nothing else runs between these: one process, one request at a time.
			const runs: QueryRun[] = [];
			for (const request of requests) {
				if (runs.length > 0) began(runs.length);
				runs.push(await executor.query(request));
			}
			return { ts: store.latestTs, runs };
		},

		unsubscribe(names: readonly string[]) {
			executor.unsubscribe(names);
			return null;
		},

		mutation: ({ call, session }: Parameters<EngineMethods['mutation']>[0]): Promise<MutationRun> =>
			executor.mutation(call, { session }),

		checkAction(call: FunctionCall): string | null {
			return refusalOf(() => {
				const { path } = resolveFunction(call, 'Action', runner.components);
				checkArguments(canonicalPath(path), call.args, runner.checks(path), settings.limits);
			});
		},

		checkReturn({ path, componentPath, value }: Parameters<EngineMethods['checkReturn']>[0]): string | null {
			const found = parseFunctionPath(path, componentPath);
			return refusalOf(() => checkReturn(canonicalPath(found), value, runner.checks(found), settings.limits));
		},

		schedule({ component, args }: Parameters<EngineMethods['schedule']>[0]) {
			const fields = new JsonFields(parseJson(args), '1.0/actions/schedule');
			const job = readJob(runner.components, component, fields);
			return executor.write((tx) => jobs.schedule(tx, job));
		},

		cancelJob({ component, id }: Parameters<EngineMethods['cancelJob']>[0]) {
			return executor.write((tx) => {
				jobs.cancel(tx, component, id, Date.now());
				return null;
			});
		},

		dueWork({ limit, jobs: runningJobs, crons: runningCrons }: Parameters<EngineMethods['dueWork']>[0]): DueWork {
			const now = Date.now();
			const dueJobs = jobs.due(now, limit, runningJobs);
			const dueCrons = crons.due(now, runningCrons).slice(0, Math.max(0, limit - dueJobs.length));
			const kindOf = ({ path, component }: DueCron): 'mutation' | 'action' =>
				runner.components.find(parseFunctionPath(path, component))?.udfType === 'Mutation' ? 'mutation' : 'action';
			const skipped: string[] = [];
			// Started by a process that has ended, or for an answer that was lost with one.
			const abandoned = jobs.abandoned(runningJobs);
			const actions = dueJobs.filter((job) => job.kind === 'action');
			const actionCrons = dueCrons.filter((cron) => kindOf(cron) === 'action');
			let notice: DueWork['notice'] = null;
			if (abandoned.length + actions.length + actionCrons.length > 0) {
				notice = executor.write((tx) => {
					for (const id of abandoned) jobs.finish(tx, id, ABANDONED, now);
					for (const job of actions) jobs.start(tx, job);
					for (const cron of actionCrons) skipped.push(...skipSentences(cron.name, crons.advance(tx, cron, now)));
				}).notice;
			}
			if (abandoned.length > 0) skipped.push(abandonedSentence(abandoned.length));
			const busyJobs = [...runningJobs, ...dueJobs.map((job) => job.id)];
			const busyCrons = [...runningCrons, ...dueCrons.map((cron) => cron.key)];
			const times = [jobs.nextDue(busyJobs), crons.nextDue(busyCrons)].filter((time) => time !== null);
			return {
				jobs: dueJobs,
				crons: dueCrons.map((cron) => ({ ...cron, kind: kindOf(cron) })),
				nextAt: times.length === 0 ? null : Math.min(...times),
				skipped,
				notice
			};
		},

		/** Runs a scheduled mutation: its effects and the end of the job are one transaction. */
		async runJob({ id, requestId }: Parameters<EngineMethods['runJob']>[0]): Promise<MutationRun | null> {
			const job = jobs.get(id);
			if (job === null || jobs.state(id) !== 'pending') return null;
			const call = scheduled(job, job.target, requestId, 'scheduler');
			const run = await executor.mutation(call, {
				job: id,
				// Others see it pending until it has ended.
				prepare: (tx) => jobs.start(tx, job),
				settle: (tx) => jobs.finish(tx, id, { kind: 'success' }, Date.now())
			});
			if (run.result.outcome.ok) return run;
			const error = run.result.outcome.failure.message;
			const { notice } = executor.write((tx) => jobs.finish(tx, id, { kind: 'failed', error }, Date.now()));
			return { ...run, notice };
		},

		/** Runs the mutation of a cron: its effects and the next time are one transaction. */
		async runCron({ key, requestId }: Parameters<EngineMethods['runCron']>[0]) {
			const cron = crons.get(key);
			if (cron === null) return null;
			const call = scheduled(cron, cron.component, requestId, 'cron');
			let skipped: string[] = [];
			const advance = (tx: StoreTransaction): void => {
				skipped = skipSentences(cron.name, crons.advance(tx, cron, Date.now()));
			};
			const run = await executor.mutation(call, { settle: advance });
			if (run.result.outcome.ok) return { run, skipped };
			const { notice } = executor.write(advance);
			return { run: { ...run, notice }, skipped };
		},

		/** Moves a cron whose run ended the process to its next time. */
		skipCron({ key }: { readonly key: string }) {
			const cron = crons.get(key);
			return executor.write((tx) => {
				if (cron !== null) crons.advance(tx, cron, Date.now());
				return null;
			});
		},

		finishJob({ id, end }: Parameters<EngineMethods['finishJob']>[0]) {
			return executor.write((tx) => {
				jobs.finish(tx, id, end, Date.now());
				return null;
			});
		},

		maintain() {
			const now = Date.now();
			removals.sweep();
			return executor.write((tx) => {
				sessions.prune(tx, now - settings.limits.sessionRetention);
				return jobs.prune(tx, now - settings.limits.jobRetention, PRUNE_BATCH);
			});
		},

		applyPush({ bundle, analysis }: Parameters<EngineMethods['applyPush']>[0]): AppliedPush | PushRefusal {
			const applied = applyPush(store, crons, deployment, bundle, analysis);
			if (!('code' in applied)) reload();
			return applied;
		},

		planPush: (analysis: Analysis) => planPush(store, analysis),

		predictSchema: (analysis: Analysis) => predictSchema(store, analysis),

		submitSchema: ({ analysis, dryRun }: Parameters<EngineMethods['submitSchema']>[0]) =>
			executor.write((tx) => store.changingSchema(tx).submit(schemasOf(analysis), dryRun, Date.now())),

		schemaStep: (budget: StepBudget) =>
			executor.write((tx) => {
				const more = store.changingSchema(tx).step(budget);
				return { more, change: store.schemaChanges.openId };
			}),

		schemaStatus: (change: string) => store.schemaChanges.status(change),

		abandonSchema: (change: string) =>
			executor.write((tx) => {
				store.changingSchema(tx).abandon(change);
				return null;
			}),

		setEnvironment({ changes, analysis }: Parameters<EngineMethods['setEnvironment']>[0]) {
			executor.write((tx) => {
				const database = tx.exclusive();
				environment.save(changes);
				saveAnalysis(database, analysis);
			});
			reload();
			return null;
		},

		publishImport({ mode, staged }: Parameters<EngineMethods['publishImport']>[0]) {
			const published = imports.publish(mode, staged);
			if (published.value) reload();
			return published;
		},

		deployment: () => deployment,

		tableNames: (component: string) => store.tableNames(component),

		tableData({ componentPath, table, order, numItems, cursor }: Parameters<EngineMethods['tableData']>[0]) {
			const whole = prefixRange([]);
			const at = cursor === null ? null : new Uint8Array(Buffer.from(cursor, 'base64url'));
			const range = at === null ? whole : order === 'asc' ? { ...whole, lower: keyAfter(at) } : { ...whole, upper: at };
			const tx = store.begin('read');
			const scan = tx.scan(componentPath, table, 'by_creation_time', range, order);
			const page: string[] = [];
			let last: Uint8Array | null = at;
			let isDone = false;
			while (page.length < numItems) {
				const entry = scan.next();
				if (entry === null) {
					isDone = true;
					break;
				}
				page.push(entry.document.json);
				last = entry.key;
			}
			scan.close();
			tx.commit();
			return {
				page: `[${page.join(',')}]`,
				isDone,
				continueCursor: last === null ? '' : Buffer.from(last).toString('base64url')
			};
		},

		vectorSearch({ component, query }: Parameters<EngineMethods['vectorSearch']>[0]) {
			const tx = store.begin('read');
			try {
				return vectorSearch(tx, component, parseJson(query));
			} finally {
				tx.rollback();
			}
		},

		registerFile: ({ component, file }: Parameters<EngineMethods['registerFile']>[0]) =>
			executor.write((tx) => files.insert(tx, component, file, Date.now())),

		discardFiles(names: readonly string[]) {
			removals.add(names);
			return null;
		},

		file: ({ component, storageId }: Parameters<EngineMethods['file']>[0]) => files.get(component, storageId),

		fileByUuid: ({ component, uuid }: Parameters<EngineMethods['fileByUuid']>[0]) => files.byUuid(component, uuid),

		deleteFile({ component, storageId }: Parameters<EngineMethods['deleteFile']>[0]) {
			const { value: name, notice } = executor.write((tx) => files.remove(tx, component, storageId));
			if (name !== null) removals.add([name]);
			return { value: name !== null, notice };
		},

		uploadUrl: ({ component }: { readonly component: string }) =>
			uploadUrl(signer, settings.cloudUrl, component, Date.now() + settings.limits.uploadUrlLifetime)
	};
}

function refusalOf(check: () => void): string | null {
	try {
		check();
		return null;
	} catch (error) {
		if (error instanceof FunctionRefusal) return error.message;
		throw error;
	}
}

function abandonedSentence(count: number): string {
	return `${count} scheduled actions were running when the deployment stopped. They are recorded as failed and were not started again.`;
}

function skipSentences(name: string, skipped: number): string[] {
	return skipped === 0
		? []
		: [`Skipped ${skipped} run${skipped === 1 ? '' : 's'} of cron "${name}" whose time had passed already.`];
}
