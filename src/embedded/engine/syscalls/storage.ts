import { readFileSync } from 'node:fs';
import { filePath, FileRefusal, storeBytes } from '../../files/disk.ts';
import { uploadUrl } from '../../files/tokens.ts';
import type { StoredFile } from '../types.ts';
import { DeveloperError } from '../../values/errors.ts';
import type { Call } from '../call.ts';
import type { JsonFields } from '../json.ts';
import type { Services } from './services.ts';
import { writer } from './writes.ts';

export function storageGetUrl(call: Call, args: JsonFields, services: Services): string {
	const file = find(call, args, services);
	return JSON.stringify(file === null ? null : fileUrl(services.settings.cloudUrl, call.component, file));
}

/** Where a stored file can be fetched while it exists. */
export function fileUrl(cloudUrl: string, component: string, { uuid }: StoredFile): string {
	const query = component === '' ? '' : `?component=${encodeURIComponent(component)}`;
	return `${cloudUrl}/api/storage/${uuid}${query}`;
}

export function storageGetMetadata(call: Call, args: JsonFields, services: Services): string {
	const file = find(call, args, services);
	if (file === null) return 'null';
	const { storageId, sha256, size, contentType } = file;
	return JSON.stringify({ storageId, sha256, size, contentType });
}

export function storageGenerateUploadUrl(call: Call, _args: JsonFields, services: Services): string {
	const expires = Date.now() + services.settings.limits.uploadUrlLifetime;
	return JSON.stringify(uploadUrl(services.signer, services.settings.cloudUrl, call.component, expires));
}

export function storageDelete(call: Call, args: JsonFields, services: Services): string {
	const storageId = args.text('storageId');
	const name = services.files.remove(writer(call), call.component, storageId);
	if (name === null) throw new DeveloperError('DocumentNotFound', `storage id ${storageId} not found`);
	call.request.removedFiles.push(name);
	return 'null';
}

/** `ctx.storage.store` of mutations: the bytes arrive as base64. */
export async function storageStore(call: Call, args: JsonFields, services: Services): Promise<string> {
	const bytes = Buffer.from(args.text('blob'), 'base64');
	const contentType = args.optionalText('contentType') || null;
	try {
		const file = await storeBytes(services.settings.dataDir, [bytes], {
			contentType,
			sha256: args.optionalText('sha256')
		});
		call.request.usage.storageWritten += file.size;
		return JSON.stringify(services.files.insert(writer(call), call.component, file, call.request.now));
	} catch (error) {
		if (error instanceof FileRefusal) throw new DeveloperError('InvalidValue', error.message);
		throw error;
	}
}

export function storageGet(call: Call, args: JsonFields, services: Services): string {
	const file = find(call, args, services);
	if (file === null) return 'null';
	call.request.usage.storageRead += file.size;
	const blob = readFileSync(filePath(services.settings.dataDir, file)).toString('base64');
	return JSON.stringify({ blob, contentType: file.contentType });
}

function find(call: Call, args: JsonFields, services: Services): StoredFile | null {
	return services.files.get(call.component, args.text('storageId'), call.request.transaction);
}
