import { readFile } from 'node:fs/promises';
import { nestedError } from '../../engine/failure.ts';
import { JsonFields, parseJson } from '../../engine/json.ts';
import type { SandboxHost } from '../../engine/sandbox.ts';
import { filePath, storeBytes } from '../../files/disk.ts';
import type { RunningAction } from './action.ts';
import type { ThreadStart } from './protocol.ts';

/** What `Convex` and the globals of an action reach. `current` says which action asks, and throws when none does. */
export function actionHost(
	current: () => RunningAction,
	{ dataDir, timeOrigin }: Pick<ThreadStart, 'dataDir' | 'timeOrigin'>,
	environment: ReadonlyMap<string, string>
): SandboxHost {
	return {
		syscall: (op) => {
			throw new Error(`Unknown operation ${op}`);
		},
		asyncSyscall: (op, args) => {
			const action = current();
			return action.awaited(syscallName(op), syscall(action, op, args));
		},
		jsSyscall: (op, args) => {
			const action = current();
			if (op === 'storage/storeBlob') return action.awaited('storage.store', storeBlob(action, dataDir, args));
			if (op === 'storage/getBlob') return action.awaited('storage.get', getBlob(action, dataDir, args));
			throw new Error(`Unknown operation ${op}`);
		},
		now: () => Date.now(),
		random: () => Math.random(),
		timeOrigin,
		performanceNow: () => performance.timeOrigin + performance.now() - timeOrigin,
		environment: (name) => environment.get(name),
		environmentNames: () => [...environment.keys()],
		log: (level, args) => current().log(level, args),
		allow: () => undefined
	};
}

async function syscall({ host, callId }: RunningAction, op: string, args: string): Promise<string> {
	const answer = await host.call('syscall', { callId, op, args });
	if (answer.ok) return answer.json;
	throw nestedError({ message: answer.message, data: answer.data });
}

/** As warnings name a syscall that was not awaited. */
function syscallName(op: string): string {
	return op.replace('1.0/', '').replace('actions/', '');
}

async function storeBlob({ host, callId }: RunningAction, dataDir: string, args: unknown): Promise<string> {
	const blob = propertyOf(args, 'blob');
	const expected = propertyOf(propertyOf(args, 'options'), 'sha256');
	if (!(blob instanceof Blob)) {
		throw new Error(
			'store() expects a Blob. If you are trying to store a Request, `await request.blob()` will give you the correct input.'
		);
	}
	const file = await storeBytes(dataDir, blob.stream(), {
		contentType: blob.type === '' ? null : blob.type,
		sha256: typeof expected === 'string' ? expected : null
	});
	return host.call('storeFile', { callId, file });
}

async function getBlob({ host, callId }: RunningAction, dataDir: string, args: unknown): Promise<Blob | null> {
	const storageId = new JsonFields(parseJson(JSON.stringify(args)), 'storage.get').text('storageId');
	const file = await host.call('findFile', { callId, storageId });
	if (file === null) return null;
	return new Blob([await readFile(filePath(dataDir, file))], { type: file.contentType ?? '' });
}

function propertyOf(value: unknown, name: string): unknown {
	return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
