import { DeveloperError } from '../../values/errors.ts';
import type { Call } from '../call.ts';
import { JsonFields, parseJson } from '../json.ts';
import {
	componentArgument,
	createFunctionHandle,
	getDeploymentMetadata,
	getFunctionMetadata,
	getRequestMetadata,
	getSnapshotTs,
	getTransactionMetrics,
	getUserIdentity
} from './metadata.ts';
import { queryPage } from './pages.ts';
import { count, get, normalizeId, queryCleanup, queryStream, queryStreamNext } from './queries.ts';
import { cancelJob, schedule } from './schedule.ts';
import type { Services } from './services.ts';
import {
	storageDelete,
	storageGenerateUploadUrl,
	storageGet,
	storageGetMetadata,
	storageGetUrl,
	storageStore
} from './storage.ts';
import { insert, remove, replace, shallowMerge } from './writes.ts';

type Sync = (call: Call, args: JsonFields, services: Services) => string;
type Async = (call: Call, args: JsonFields, services: Services) => string | Promise<string>;

const SYNC = new Map<string, Sync>([
	['1.0/queryStream', queryStream],
	['1.0/queryCleanup', queryCleanup],
	['1.0/db/normalizeId', normalizeId],
	['1.0/getSnapshotTs', getSnapshotTs],
	['1.0/componentArgument', componentArgument]
]);

const ASYNC = new Map<string, Async>([
	['1.0/get', get],
	['1.0/queryStreamNext', queryStreamNext],
	['1.0/queryPage', (call, args, services) => queryPage(call, args, services.signer)],
	['1.0/insert', insert],
	['1.0/shallowMerge', shallowMerge],
	['1.0/replace', replace],
	['1.0/remove', remove],
	['1.0/count', count],
	['1.0/schedule', schedule],
	['1.0/cancel_job', cancelJob],
	['1.0/createFunctionHandle', createFunctionHandle],
	['1.0/getUserIdentity', getUserIdentity],
	['1.0/getFunctionMetadata', getFunctionMetadata],
	['1.0/getDeploymentMetadata', getDeploymentMetadata],
	['1.0/getRequestMetadata', getRequestMetadata],
	['1.0/getTransactionMetrics', getTransactionMetrics],
	['1.0/storageGetUrl', storageGetUrl],
	['1.0/storageGetMetadata', storageGetMetadata],
	['1.0/storageGenerateUploadUrl', storageGenerateUploadUrl],
	['1.0/storageDelete', storageDelete],
	['1.0/storageStore', storageStore],
	['1.0/storageGet', storageGet],
	['1.0/auditLog', () => 'null']
]);

export function syncSyscall(call: Call, op: string, args: string, services: Services): string {
	const handler = SYNC.get(op);
	if (handler === undefined) throw new DeveloperError('InvalidValue', `Unknown operation ${op}`);
	return handler(call, new JsonFields(parseJson(args), op, args), services);
}

/** Every asynchronous syscall of queries and mutations but `1.0/runUdf`, which the runner handles. */
export function asyncSyscall(call: Call, op: string, args: string, services: Services): string | Promise<string> {
	const handler = ASYNC.get(op);
	if (handler === undefined) throw new DeveloperError('InvalidValue', `Unknown async operation ${op}`);
	return handler(call, new JsonFields(parseJson(args), op, args), services);
}
