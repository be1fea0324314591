import { randomUUID } from 'node:crypto';
import type { Trace } from './protocol.ts';
import { displayPath, parseFunctionPath } from './paths.ts';
import type { Failure, FunctionCall, LogEntry } from './types.ts';

const NO_USAGE = {
	databaseReadBytes: 0,
	databaseWriteBytes: 0,
	databaseIoReadBytes: 0,
	databaseIoWriteBytes: 0,
	databaseReadDocuments: 0,
	databaseWriteDocuments: 0,
	databaseWriteIndexRows: 0,
	storageReadBytes: 0,
	storageWriteBytes: 0,
	memoryUsedMb: 0
};

/** Of a function that left nothing for the logs. */
export function emptyTrace(udfType: Trace['udfType']): Trace {
	return { lines: [], duration: 0, udfType };
}

/** The entry of `/api/stream_function_logs` for a function that has ended. */
export function completionEntry(call: Omit<FunctionCall, 'args'>, trace: Trace, error: Failure | null): LogEntry {
	const now = Date.now();
	return {
		kind: 'Completion',
		udfType: trace.udfType,
		identifier:
			trace.udfType === 'HttpAction' ? call.path : displayPath(parseFunctionPath(call.path, call.componentPath)),
		componentPath: call.componentPath === '' ? null : call.componentPath,
		logLines: trace.lines,
		timestamp: now / 1000,
		executionTimestamp: (now - trace.duration) / 1000,
		executionTime: trace.duration / 1000,
		userExecutionTime: trace.duration / 1000,
		success: error === null ? {} : null,
		error: error === null ? null : error.message,
		requestId: call.requestId,
		executionId: randomUUID(),
		caller: CALLERS[call.caller],
		environment: 'isolate',
		identityType: { none: 'unknown', user: 'user', admin: 'instance_admin' }[call.identity.kind],
		cachedResult: false,
		usageStats: NO_USAGE,
		returnBytes: null,
		occInfo: null,
		willRetry: false,
		parentExecutionId: null
	};
}

const CALLERS: Readonly<Record<FunctionCall['caller'], string>> = {
	client: 'SyncWorker',
	scheduler: 'Scheduler',
	cron: 'Cron',
	action: 'Action',
	httpAction: 'HttpEndpoint'
};
