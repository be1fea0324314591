import { readFileSync } from 'node:fs';
import { digestMatches, writeFile } from '../../files/disk.ts';
import { uploadToken } from '../../files/tokens.ts';
import type { StoredFile } from '../types.ts';
import { DeveloperError } from '../../values/errors.ts';
import type { Call } from '../call.ts';
import type { JsonFields } from '../json.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import type { Services } from './services.ts';
import { writer } from './writes.ts';

export function storageGetUrl(call: Call, args: JsonFields, services: Services): string {
	const file = find(call, args, services);
	return JSON.stringify(file === null ? null : fileUrl(services.settings.cloudUrl, file));
}

/** Where a stored file can be fetched. The id names 8 random bytes, so the URL cannot be guessed. */
export function fileUrl(cloudUrl: string, file: StoredFile): string {
	return `${cloudUrl}/api/storage/${file.storageId}`;
}

export function storageGetMetadata(call: Call, args: JsonFields, services: Services): string {
	const file = find(call, args, services);
	if (file === null) return 'null';
	const { storageId, sha256, size, contentType } = file;
	return JSON.stringify({ storageId, sha256, size, contentType });
}

export function storageGenerateUploadUrl(_call: Call, _args: JsonFields, services: Services): string {
	const token = uploadToken(services.signer, Date.now() + DEFAULT_LIMITS.uploadUrlLifetime);
	return JSON.stringify(`${services.settings.cloudUrl}/api/storage/upload?token=${token}`);
}

export function storageDelete(call: Call, args: JsonFields, services: Services): string {
	const storageId = args.text('storageId');
	const path = services.files.remove(writer(call), call.component, storageId);
	if (path === null) throw new DeveloperError('DocumentNotFound', `storage id ${storageId} not found`);
	call.request.removedFiles.push(path);
	return 'null';
}

/** `ctx.storage.store` of mutations: the bytes arrive as base64. */
export async function storageStore(call: Call, args: JsonFields, services: Services): Promise<string> {
	const bytes = Buffer.from(args.text('blob'), 'base64');
	const file = await writeFile(services.settings.dataDir, bytes, args.optionalText('contentType') || null);
	checkDigest(file, args.optionalText('sha256'));
	return JSON.stringify(services.files.insert(writer(call), call.component, file, call.request.now));
}

export function storageGet(call: Call, args: JsonFields, services: Services): string {
	const file = find(call, args, services);
	if (file === null) return 'null';
	return JSON.stringify({ blob: readFileSync(file.path).toString('base64'), contentType: file.contentType });
}

function checkDigest(file: StoredFile, digest: string | null): void {
	if (digest !== null && !digestMatches(file, digest)) {
		throw new DeveloperError(
			'InvalidValue',
			`The sha256 given does not match the file's: expected ${digest}, got ${file.sha256}`
		);
	}
}

function find(call: Call, args: JsonFields, services: Services): StoredFile | null {
	return services.files.get(args.text('storageId'), call.request.transaction);
}
