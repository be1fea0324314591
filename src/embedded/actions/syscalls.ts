import type { SyscallAnswer } from '../engine/protocol.ts';
import { JsonFields, parseJson } from '../engine/json.ts';
import { displayPath } from '../engine/paths.ts';
import { RemoteError } from '../engine/rpc.ts';
import type { DeployedComponents } from '../engine/components/deployed.ts';
import { resolveAddress } from '../engine/components/reference.ts';
import { handleJson, identityJson } from '../engine/syscalls/metadata.ts';
import { fileUrl } from '../engine/syscalls/storage.ts';
import type { Failure, FunctionCall, Identity, Outcome, StoredFile } from '../engine/types.ts';
import { DeveloperError } from '../values/errors.ts';

/** The action on whose behalf a syscall is made. */
export interface ActionContext {
	readonly path: string;
	readonly component: string;
	readonly identity: Identity;
	readonly requestId: string;
	readonly caller: 'action' | 'httpAction';
	/** As logs name this run of it. */
	readonly executionId: string;
	/** The job that runs the action, when the scheduler does. */
	readonly job: string | null;
}

/** What the syscalls of actions need from the front. */
export interface ActionBackend {
	readonly cloudUrl: string;
	/** What is mounted now. */
	components(): DeployedComponents;
	query(call: FunctionCall): Promise<Outcome>;
	mutation(call: FunctionCall): Promise<Outcome>;
	action(call: FunctionCall): Promise<Outcome>;
	schedule(component: string, args: string): Promise<string>;
	cancelJob(component: string, id: string): Promise<null>;
	vectorSearch(component: string, query: string): Promise<string>;
	file(component: string, storageId: string): Promise<StoredFile | null>;
	deleteFile(component: string, storageId: string): Promise<boolean>;
	uploadUrl(component: string): Promise<string>;
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
				return answerOf(await backend.query(nested(backend, context, args)));
			case '1.0/actions/mutation':
				return answerOf(await backend.mutation(nested(backend, context, args)));
			case '1.0/actions/action':
				return answerOf(await backend.action(nested(backend, context, args)));
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
	const { component } = context;
	switch (op) {
		case '1.0/actions/schedule':
			return JSON.stringify(await backend.schedule(component, json));
		case '1.0/actions/cancel_job':
			return JSON.stringify(await backend.cancelJob(component, args.text('id')));
		case '1.0/getUserIdentity':
			return identityJson(context.identity);
		case '1.0/storageGetUrl': {
			const file = await backend.file(component, args.text('storageId'));
			return JSON.stringify(file === null ? null : fileUrl(backend.cloudUrl, component, file));
		}
		case '1.0/storageGetMetadata': {
			const file = await backend.file(component, args.text('storageId'));
			if (file === null) return 'null';
			const { storageId, sha256, size, contentType } = file;
			return JSON.stringify({ storageId, sha256, size, contentType });
		}
		case '1.0/storageGenerateUploadUrl':
			return JSON.stringify(await backend.uploadUrl(component));
		case '1.0/storageDelete': {
			const storageId = args.text('storageId');
			if (!(await backend.deleteFile(component, storageId)))
				throw new DeveloperError('DocumentNotFound', `storage id ${storageId} not found`);
			return 'null';
		}
		case '1.0/createFunctionHandle':
			return handleJson(backend.components(), component, args);
		case '1.0/getFunctionMetadata':
			return JSON.stringify({ name: context.path, componentPath: component });
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
			return backend.vectorSearch(context.component, JSON.stringify(args.json('query')));
		default:
			throw new DeveloperError('InvalidValue', `Unknown async operation ${op}`);
	}
}

function nested(backend: ActionBackend, context: ActionContext, args: JsonFields): FunctionCall {
	const path = resolveAddress(
		backend.components(),
		context.component,
		args,
		(value) => `Resolved reference to ${value}, not a function`
	);
	return {
		path: displayPath(path),
		componentPath: path.component,
		args: `[${JSON.stringify(args.json('args'))}]`,
		identity: identityIn(context.component === '' ? path.component : context.component, context.identity),
		caller: context.caller,
		requestId: context.requestId,
		parentExecutionId: context.executionId
	};
}

/** Who asks, as actions of a component and what they call learn it: an admin remains one, a user stays with the app. */
export function identityIn(component: string, identity: Identity): Identity {
	const isPlainAdmin = identity.kind === 'admin' && identity.actingAs === undefined;
	return component === '' || isPlainAdmin ? identity : { kind: 'none' };
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
