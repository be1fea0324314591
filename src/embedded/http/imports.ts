/** Imports: uploaded in parts, watched through a system query, confirmed or cancelled. */
import { z } from 'zod';
import { readJson } from './body.ts';
import { requireAdmin, sendJson } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import { RequestFailure } from './failure.ts';

const MAX_BODY_BYTES = 1024 * 1024;
const IDENTIFIER = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
const finishShape = z.object({
	uploadToken: z.string(),
	partTokens: z.array(z.string()),
	import: z.object({
		tableName: z.string().nullish(),
		componentPath: z.string().nullish(),
		mode: z.enum(['append', 'replace', 'replaceAll', 'requireEmpty']).default('requireEmpty'),
		format: z.enum(['csv', 'jsonLines', 'jsonArray', 'zip'])
	})
});
const idShape = z.object({ importId: z.string() });

export async function startImportUpload(exchange: Exchange): Promise<void> {
	await requireAdmin(exchange);
	sendJson(exchange, JSON.stringify({ uploadToken: exchange.deployment.imports.startUpload() }));
}

export async function uploadImportPart(exchange: Exchange): Promise<void> {
	await requireAdmin(exchange);
	const { request, url, deployment } = exchange;
	const part = url.searchParams.get('partNumber') ?? '';
	const token = url.searchParams.get('uploadToken') ?? '';
	if (!(await deployment.imports.addPart(token, Number(part), request.iterator({ destroyOnReturn: false }))))
		throw unknownUpload();
	sendJson(exchange, JSON.stringify(part));
}

export async function finishImportUpload(exchange: Exchange): Promise<void> {
	await requireAdmin(exchange);
	const { uploadToken, partTokens, import: wanted } = await readJson(exchange.request, finishShape, MAX_BODY_BYTES);
	const { tableName = null, componentPath, mode, format } = wanted;
	if (format === 'zip' && tableName !== null)
		throw new RequestFailure(400, 'InvalidName', 'ZIP import cannot have table name');
	if (format !== 'zip' && tableName === null)
		throw new RequestFailure(400, 'InvalidName', 'An import of this format requires a table name');
	if (tableName !== null && !IDENTIFIER.test(tableName))
		throw new RequestFailure(400, 'ImportInvalidName', `invalid table name ${tableName}`);
	const request = { tableName, component: componentPath ?? '', mode, format };
	const importId = await exchange.deployment.imports.finishUpload(uploadToken, partTokens.map(Number), request);
	if (importId === null) throw unknownUpload();
	sendJson(exchange, JSON.stringify({ importId }));
}

export async function performImport(exchange: Exchange): Promise<void> {
	await requireAdmin(exchange);
	const { importId } = await readJson(exchange.request, idShape, MAX_BODY_BYTES);
	if (!exchange.deployment.imports.confirm(importId))
		throw new RequestFailure(404, 'ImportNotFound', `import ${importId} not found`);
	exchange.response.writeHead(200, { 'content-length': 0 }).end();
}

export async function cancelImport(exchange: Exchange): Promise<void> {
	await requireAdmin(exchange);
	const { importId } = await readJson(exchange.request, idShape, MAX_BODY_BYTES);
	if (!exchange.deployment.imports.cancel(importId))
		throw new RequestFailure(400, 'CannotCancelImport', 'Cannot cancel an import that has ended');
	exchange.response.writeHead(200, { 'content-length': 0 }).end();
}

function unknownUpload(): RequestFailure {
	return new RequestFailure(400, 'InvalidUpload', 'This upload is not known. The deployment may have been restarted.');
}
