import type { SyscallAnswer } from '../engine/protocol.ts';
import { JsonFields, parseJson } from '../engine/json.ts';
import { displayPath } from '../engine/paths.ts';
import { RemoteError } from '../engine/rpc.ts';
import { functionHandle, readAddress } from '../engine/syscalls/address.ts';
import { identityJson } from '../engine/syscalls/metadata.ts';
import { fileUrl } from '../engine/syscalls/storage.ts';
import type { Failure, FunctionCall, Identity, Outcome, StoredFile } from '../engine/types.ts';
import { DeveloperError } from '../values/errors.ts';

/** The action on whose behalf a syscall is made. */
export interface ActionContext {
	readonly path: string;
	readonly identity: Identity;
	readonly requestId: string;
	readonly caller: 'action' | 'httpAction';
	/** The job that runs the action, when the scheduler does. */
	readonly job: string | null;
}

/** What the syscalls of actions need from the front. */
export interface ActionBackend {
	readonly cloudUrl: string;
	query(call: FunctionCall): Promise<Outcome>;
	mutation(call: FunctionCall): Promise<Outcome>;
	action(call: FunctionCall): Promise<Outcome>;
	schedule(args: string): Promise<string>;
	cancelJob(id: string): Promise<null>;
	file(storageId: string): Promise<StoredFile | null>;
	deleteFile(storageId: string): Promise<boolean>;
	uploadUrl(): Promise<string>;
}

/** Answers one asynchronous syscall of an action. Never rejects: faults travel as answers. */
export async function actionSyscall(
	backend: ActionBackend,
	context: ActionContext,
	op: string,
	json: string
): Promise<SyscallAnswer> {
	try {
		const args = new JsonFields(parseJson(json), op);
		switch (op) {
			case '1.0/actions/query':
				return answerOf(await backend.query(nested(context, args)));
			case '1.0/actions/mutation':
				return answerOf(await backend.mutation(nested(context, args)));
			case '1.0/actions/action':
				return answerOf(await backend.action(nested(context, args)));
			default:
				return { ok: true, json: await plainSyscall(backend, context, op, args, json) };
		}
	} catch (error) {
		if (error instanceof DeveloperError || error instanceof RemoteError) return { ok: false, message: error.message };
		return { ok: false, message: error instanceof Error ? error.message : String(error) };
	}
}

async function plainSyscall(
	backend: ActionBackend,
	context: ActionContext,
	op: string,
	args: JsonFields,
	json: string
): Promise<string> {
	switch (op) {
		case '1.0/actions/schedule':
			return JSON.stringify(await backend.schedule(json));
		case '1.0/actions/cancel_job':
			return JSON.stringify(await backend.cancelJob(args.text('id')));
		case '1.0/getUserIdentity':
			return identityJson(context.identity);
		case '1.0/storageGetUrl': {
			const file = await backend.file(args.text('storageId'));
			return JSON.stringify(file === null ? null : fileUrl(backend.cloudUrl, '', file));
		}
		case '1.0/storageGetMetadata': {
			const file = await backend.file(args.text('storageId'));
			if (file === null) return 'null';
			const { storageId, sha256, size, contentType } = file;
			return JSON.stringify({ storageId, sha256, size, contentType });
		}
		case '1.0/storageGenerateUploadUrl':
			return JSON.stringify(await backend.uploadUrl());
		case '1.0/storageDelete': {
			const storageId = args.text('storageId');
			if (!(await backend.deleteFile(storageId)))
				throw new DeveloperError('DocumentNotFound', `storage id ${storageId} not found`);
			return 'null';
		}
		case '1.0/createFunctionHandle':
			return JSON.stringify(functionHandle(readAddress(args)));
		case '1.0/getFunctionMetadata':
			return JSON.stringify({ name: context.path, componentPath: '' });
		case '1.0/getDeploymentMetadata':
			return JSON.stringify({ name: 'embedded', region: null, class: 'dev' });
		case '1.0/getRequestMetadata':
			return JSON.stringify({
				ip: null,
				userAgent: null,
				requestId: context.requestId,
				scheduledFunctionId: context.job,
				authToken: null
			});
		case '1.0/actions/vectorSearch':
			throw new DeveloperError(
				'IndexNotFound',
				'Vector indexes are not supported by the embedded deployment. Use Convex Cloud or a self-hosted Convex for them.'
			);
		default:
			throw new DeveloperError('InvalidValue', `Unknown async operation ${op}`);
	}
}

function nested(context: ActionContext, args: JsonFields): FunctionCall {
	return {
		path: displayPath(readAddress(args)),
		componentPath: '',
		args: `[${JSON.stringify(args.json('args'))}]`,
		identity: context.identity,
		caller: context.caller,
		requestId: context.requestId
	};
}

function answerOf(outcome: Outcome): SyscallAnswer {
	if (outcome.ok) return { ok: true, json: outcome.value };
	return { ok: false, ...withoutRequestId(outcome.failure) };
}

/** The caller's own failure will carry the request id. */
function withoutRequestId({ message, data }: Failure): { readonly message: string; readonly data?: string } {
	const text = message.replace(/^\[Request ID: [^\]]*\] Server Error\n/, '');
	return data === undefined ? { message: text } : { message: text, data };
}
