/** Stored files: uploads with a token from `storage.generateUploadUrl()`, and downloads by the URL of `storage.getUrl()`. */
import { createReadStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { StoredFile } from '../engine/types.ts';
import { filePath, storeBytes, tooLarge } from '../files/disk.ts';
import { readUploadToken } from '../files/tokens.ts';
import { sendJson } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import { RequestFailure } from './failure.ts';

const MAX_FILE_BYTES = 16 * 1024 ** 3;
/** Files never change, so that a browser may keep them. */
const CACHE_S = 30 * 24 * 3600;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Streams the body to disk and registers it; answers `{storageId}`. */
export async function uploadFile(exchange: Exchange): Promise<void> {
	const { request, deployment, url } = exchange;
	const permission = readUploadToken(deployment.signer, url.searchParams.get('token') ?? '', Date.now());
	if (permission === 'invalid')
		throw new RequestFailure(401, 'StorageTokenInvalid', 'The upload URL is not one of this deployment.');
	if (permission === 'expired')
		throw new RequestFailure(401, 'StorageTokenExpired', 'The upload URL has expired. Generate a new one.');
	const sha256 = expectedDigest(request);
	const contentType = request.headers['content-type'] ?? null;
	if (Number(request.headers['content-length'] ?? 0) > MAX_FILE_BYTES) throw tooLarge(MAX_FILE_BYTES);
	const body = request.iterator({ destroyOnReturn: false });
	const file = await storeBytes(deployment.dataDir, body, { contentType, sha256, maxBytes: MAX_FILE_BYTES });
	try {
		const { component } = permission;
		sendJson(exchange, JSON.stringify({ storageId: await deployment.engine.registerFile({ file, component }) }));
	} catch (error) {
		await deployment.engine.discardFiles([file.name]);
		throw error;
	}
}

/** Sends a stored file, or the part that a Range header asks for. */
export async function downloadFile({ request, response, url, deployment }: Exchange): Promise<void> {
	const uuid = url.pathname.slice('/api/storage/'.length);
	if (!UUID.test(uuid)) {
		throw new RequestFailure(
			400,
			'InvalidStoragePath',
			`Invalid storage path: "${uuid}". Please use \`storage.getUrl(storageId)\` to generate a valid URL to retrieve files.`
		);
	}
	const file = await deployment.engine.fileByUuid(url.searchParams.get('component') ?? '', uuid.toLowerCase());
	if (!file) throw new RequestFailure(404, 'FileNotFound', `File ${uuid} not found`);
	const etag = `"${file.sha256}"`;
	response.setHeader('etag', etag);
	response.setHeader('accept-ranges', 'bytes');
	response.setHeader('cache-control', `private, max-age=${CACHE_S}`);
	response.setHeader('x-content-type-options', 'nosniff');
	// What somebody uploaded must not run as a page of this origin.
	response.setHeader(
		'content-security-policy',
		"sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'"
	);
	if (request.headers['if-none-match']?.includes(etag)) {
		response.writeHead(304).end();
		return;
	}
	const ifRange = request.headers['if-range'];
	const range = ifRange === undefined || ifRange === etag ? parseRange(request.headers.range, file.size) : null;
	if (range === 'unsatisfiable') {
		response.writeHead(416, { 'content-range': `bytes */${file.size}`, 'content-length': 0 }).end();
		return;
	}
	await send(file, range);

	async function send({ size, sha256, contentType }: StoredFile, part: Exclude<typeof range, 'unsatisfiable'>) {
		const { start, end } = part ?? { start: 0, end: size - 1 };
		if (contentType !== null) response.setHeader('content-type', contentType);
		if (part) response.setHeader('content-range', `bytes ${start}-${end}/${size}`);
		else response.setHeader('digest', `sha-256=${Buffer.from(sha256, 'hex').toString('base64')}`);
		response.writeHead(part ? 206 : 200, { 'content-length': end - start + 1 });
		if (request.method === 'HEAD' || size === 0) response.end();
		else if (file) await pipeline(createReadStream(filePath(deployment.dataDir, file), { start, end }), response);
	}
}

/** The base64 digest of `Digest: sha-256=<base64>`; null when the client sent none. */
function expectedDigest(request: IncomingMessage): string | null {
	const header = request.headers.digest;
	if (header === undefined) return null;
	const base64 = typeof header === 'string' ? /^sha-256=(.+)$/i.exec(header)?.[1] : undefined;
	if (base64 === undefined || Buffer.from(base64, 'base64').length !== 32)
		throw new RequestFailure(400, 'BadHeader', 'Bad header for digest: it is not sha-256=<base64>.');
	return Buffer.from(base64, 'base64').toString('base64');
}

/** One range of bytes, both ends included; null when the whole file is to be sent. Several ranges are not served. */
export function parseRange(
	header: string | undefined,
	size: number
): { start: number; end: number } | 'unsatisfiable' | null {
	const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
	if (!match) return header?.startsWith('bytes=') && header.includes(',') ? 'unsatisfiable' : null;
	const [, first = '', last = ''] = match;
	if (first === '' && last === '') return null;
	if (first === '') {
		const length = Math.min(Number(last), size);
		return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 };
	}
	const start = Number(first);
	const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
	return start >= size || start > end ? 'unsatisfiable' : { start, end };
}
