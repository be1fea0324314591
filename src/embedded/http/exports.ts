/** Exports: requested here, watched through a system query, then downloaded. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { requireAdmin } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import { RequestFailure } from './failure.ts';

export async function requestExport(exchange: Exchange): Promise<void> {
	await requireAdmin(exchange);
	const { url, deployment, response } = exchange;
	if (!deployment.exports.request(url.searchParams.get('includeStorage') === 'true')) {
		throw new RequestFailure(400, 'ExportInProgress', 'There is already an export requested or in progress.');
	}
	response.writeHead(200, { 'content-length': 0 }).end();
}

export async function downloadExport(exchange: Exchange): Promise<void> {
	await requireAdmin(exchange);
	const { url, deployment, response } = exchange;
	const ts = url.pathname.slice('/api/export/zip/'.length);
	const path = /^\d{1,20}$/.test(ts) ? deployment.exports.pathAt(BigInt(ts)) : null;
	if (path === null) throw new RequestFailure(404, 'ExportNotFound', `There is no export of timestamp ${ts}.`);
	const { size } = await stat(path);
	response.writeHead(200, {
		'content-type': 'application/zip',
		'content-length': size,
		'content-disposition': `attachment; filename=snapshot_${ts}.zip`,
		'cache-control': 'private'
	});
	await pipeline(createReadStream(path), response);
}
