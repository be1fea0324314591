import { randomUUID } from 'node:crypto';
import type { LogLine } from './console.ts';
import type { FunctionUsage, Trace } from './protocol.ts';
import { displayPath, parseFunctionPath } from './paths.ts';
import type { Failure, FunctionCall, LogEntry } from './types.ts';

const NO_USAGE: FunctionUsage = {
	databaseReadBytes: 0,
	databaseReadDocuments: 0,
	databaseWriteBytes: 0,
	databaseWriteDocuments: 0,
	databaseWriteIndexRows: 0,
	storageReadBytes: 0,
	storageWriteBytes: 0
};

/** What is not counted here. The backend has 0 where it does not count. */
const UNCOUNTED = {
	databaseIoReadBytes: 0,
	databaseIoWriteBytes: 0,
	vectorIndexReadBytes: 0,
	vectorIndexWriteBytes: 0,
	textIndexQueryBytes: 0,
	textIndexWriteQueryBytes: 0,
	vectorIndexReadQueryBytes: 0,
	vectorIndexWriteQueryBytes: 0,
	networkEgressBytes: 0,
	memoryUsedMb: 0
};

/** Of a function that left nothing for the logs. */
export function emptyTrace(udfType: Trace['udfType'], environment: Trace['environment'] = 'isolate'): Trace {
	return { lines: [], duration: 0, udfType, environment, usage: NO_USAGE };
}

/** How a function ended: with a value (its JSON text) or, if it is an HTTP action, a status; or with a failure. */
export type Ending =
	| { readonly ok: true; readonly value: string }
	| { readonly ok: true; readonly status: number }
	| { readonly ok: false; readonly failure: Failure };

type LoggedCall = Omit<FunctionCall, 'args'>;

export function newExecutionId(): string {
	return randomUUID();
}

/** The entry of `/api/stream_function_logs` for a function that has ended. */
export function completionEntry(call: LoggedCall, trace: Trace, ending: Ending, executionId: string): LogEntry {
	const now = Date.now();
	return {
		kind: 'Completion',
		...source(call, trace.udfType),
		logLines: trace.lines,
		timestamp: now / 1000,
		executionTimestamp: (now - trace.duration) / 1000,
		executionTime: trace.duration / 1000,
		userExecutionTime: null,
		success: 'status' in ending ? { status: String(ending.status) } : null,
		error: ending.ok ? null : ending.failure.message,
		executionId,
		caller: CALLERS[call.caller],
		environment: trace.environment,
		identityType: { none: 'unknown', user: 'user', admin: 'instance_admin' }[call.identity.kind],
		cachedResult: false,
		usageStats: { ...trace.usage, ...UNCOUNTED },
		returnBytes: 'value' in ending ? Buffer.byteLength(ending.value) : null,
		occInfo: null,
		willRetry: false,
		parentExecutionId: call.parentExecutionId ?? null
	};
}

/** The entry for a line that an action has written, while it runs. `started`: milliseconds since 1970. */
export function progressEntry(
	call: LoggedCall,
	udfType: 'Action' | 'HttpAction',
	line: LogLine,
	{ executionId, started }: { readonly executionId: string; readonly started: number }
): LogEntry {
	return { kind: 'Progress', ...source(call, udfType), timestamp: started / 1000, logLines: [line], executionId };
}

function source(call: LoggedCall, udfType: Trace['udfType']) {
	const { path, componentPath, requestId } = call;
	return {
		udfType,
		identifier: udfType === 'HttpAction' ? path : displayPath(parseFunctionPath(path, componentPath)),
		componentPath: componentPath === '' ? null : componentPath,
		requestId
	};
}

const CALLERS: Readonly<Record<FunctionCall['caller'], string>> = {
	client: 'SyncWorker',
	scheduler: 'Scheduler',
	cron: 'Cron',
	action: 'Action',
	httpAction: 'HttpEndpoint'
};
