/** The engine process: holds the store and runs queries and mutations, one at a time. */
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { SavedAnswers } from './answers.ts';
import { CallQueue } from './callQueue.ts';
import { DISK_FAILED } from './death.ts';
import { Recovery } from './recovery.ts';
import { sendToParent } from './rpc.ts';
import type { Handlers } from './rpc.ts';
import type { EngineMethods } from './protocol.ts';
import { engineHandlers } from './handlers.ts';
import { RunningNote } from './running.ts';
import type { DatabaseOptions } from '../store/databaseOptions.ts';
import { StoreError } from '../store/errors.ts';
import { SqliteStore } from '../store/store.ts';
import { endWithParent } from './orphan.ts';
import type { EngineSettings } from './protocol.ts';

let store: SqliteStore | null = null;

/** How long an engine of a server that was killed may take to notice and let the file go (milliseconds). */
const LOCK_PATIENCE = 5_000;
/** When everything that a start imports has been imported (milliseconds). */
const SETTLED = 2_000;

async function openStore(path: string, options: DatabaseOptions): Promise<SqliteStore> {
	const deadline = Date.now() + LOCK_PATIENCE;
	for (;;) {
		try {
			return SqliteStore.openPipelined(path, options);
		} catch (error) {
			if (!(error instanceof StoreError) || error.kind !== 'inUse' || Date.now() > deadline) throw error;
			await new Promise((resolve) => setTimeout(resolve, 100));
		}
	}
}

async function open(settings: EngineSettings, resumes: boolean, mistrust: boolean) {
	mkdirSync(settings.dataDir, { recursive: true, mode: 0o700 });
	const synchronous = settings.durability === 'full' ? 'FULL' : 'NORMAL';
	const file = join(settings.dataDir, 'data.sqlite');
	// SQLite gives the log the permissions of the data file. One that an earlier version made may be readable by others.
	if (existsSync(file)) chmodSync(file, 0o600);
	store = await openStore(file, { synchronous, mistrust, checked: !mistrust });
	// Nothing may be answered any more, nor read from memory that may differ from the disk: the next process looks anew.
	store.onUncertain = () => process.exit(DISK_FAILED);
	const answers = new SavedAnswers(store);
	if (!resumes) answers.clear();
	const running = new RunningNote(settings.dataDir);
	const handlers = engineHandlers(store, settings, (part) => running.part(part));
	handlers.removals.sweep();
	const recovery = new Recovery(store.pipeline, {
		attempt: () => handlers.touch(),
		recovered: () => sendToParent({ kind: 'saved' })
	});
	const onLost = (): void => {
		handlers.forgetSubscriptions();
		recovery.begin();
	};
	queue.use({ pipeline: store.pipeline, answers, running, onLost, renewal: handlers.renewal });
	// The process before may have ended while the disk was full.
	if (resumes) recovery.begin();
	return { ...handlers, boot: () => ({ ...handlers.boot(), answers: answers.read() }) };
}

// What this process writes is for its owner only.
process.umask(0o077);
// The front ends this process; a Ctrl-C that reaches the whole group must not tear a transaction.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
endWithParent();
process.on('unhandledRejection', (error) => handlers?.unhandled(error));

/**
 * Writes down what was compiled: this process is mostly killed in the end, and would keep nothing. It takes a tenth of a
 * second and more, so it waits for a moment in which nothing is under work.
 */
function keepCompiled(): void {
	if (queue.isBusy) setTimeout(keepCompiled, SETTLED).unref();
	else flushCompileCache();
}

let handlers: Awaited<ReturnType<typeof open>> | null = null;

function ready(): Awaited<ReturnType<typeof open>> {
	if (handlers === null) throw new Error('the engine has not started');
	return handlers;
}

const methods: Handlers<EngineMethods> = {
	async start({ settings, resumes, mistrust }) {
		handlers = await open(settings, resumes, mistrust);
		setTimeout(keepCompiled, SETTLED).unref();
		return handlers.boot();
	},
	querySet: (requests) => ready().querySet(requests),
	unsubscribe: (names) => ready().unsubscribe(names),
	mutation: (params) => ready().mutation(params),
	checkAction: (call) => ready().checkAction(call),
	checkReturn: (params) => ready().checkReturn(params),
	schedule: (params) => ready().schedule(params),
	cancelJob: (params) => ready().cancelJob(params),
	dueWork: (params) => ready().dueWork(params),
	runJob: (params) => ready().runJob(params),
	runCron: (params) => ready().runCron(params),
	skipCron: (params) => ready().skipCron(params),
	finishJob: (params) => ready().finishJob(params),
	maintain: () => ready().maintain(),
	applyPush: (params) => ready().applyPush(params),
	planPush: (analysis) => ready().planPush(analysis),
	predictSchema: (analysis) => ready().predictSchema(analysis),
	submitSchema: (params) => ready().submitSchema(params),
	schemaStep: (budget) => ready().schemaStep(budget),
	schemaStatus: (change) => ready().schemaStatus(change),
	abandonSchema: (change) => ready().abandonSchema(change),
	setEnvironment: (params) => ready().setEnvironment(params),
	deployment: () => ready().deployment(),
	tableNames: (component) => ready().tableNames(component),
	tableData: (params) => ready().tableData(params),
	vectorSearch: (params) => ready().vectorSearch(params),
	registerFile: (params) => ready().registerFile(params),
	discardFiles: (names) => ready().discardFiles(names),
	file: (params) => ready().file(params),
	fileByUuid: (params) => ready().fileByUuid(params),
	deleteFile: (params) => ready().deleteFile(params),
	uploadUrl: (params) => ready().uploadUrl(params),
	tableCounts: () => ready().imports.counts(),
	beginImport: ({ mode, tables }) => ready().imports.begin(mode, tables),
	importRows: ({ tablet, rows }) => ready().imports.rows(tablet, rows),
	importFiles: ({ tablet, files }) => ready().imports.files(tablet, files),
	appendImported: (staged) => ready().imports.append(staged),
	publishImport: (params) => ready().publishImport(params),
	endImport: (staged) => ready().imports.end(staged),
	purge: () => ready().imports.purge(),
	startCopy: (path) => ready().copy.start(path),
	copyState: () => ready().copy.state,
	releaseCopy: () => ready().copy.release(),
	close() {
		store?.close();
		store = null;
		return null;
	}
};

const queue = new CallQueue<EngineMethods>(methods, sendToParent);
process.on('message', (message: unknown) => queue.receive(message));
