/** Stored files: uploads with a token from `storage.generateUploadUrl()`, and downloads by id. */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { StoredFile } from '../engine/types.ts';
import { uploadAllowed } from '../files/tokens.ts';
import { sendJson } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import { RequestFailure } from './failure.ts';

const MAX_FILE_BYTES = 1024 * 1024 * 1024;
/** Files never change, so that a browser may keep them. */
const CACHE_S = 30 * 24 * 3600;

/** Streams the body to disk and registers it; answers `{storageId}`. */
export async function uploadFile(exchange: Exchange): Promise<void> {
	const { request, deployment, url } = exchange;
	if (!uploadAllowed(deployment.signer, url.searchParams.get('token') ?? '', Date.now())) {
		throw new RequestFailure(401, 'InvalidUploadToken', 'The upload URL is not valid, or has expired.');
	}
	const storageId = randomUUID();
	const destination = path.join(deployment.filesDir, storageId);
	const temporary = `${destination}.part`;
	try {
		const { size, digest } = await receive(request, temporary);
		checkDigest(request, digest);
		await rename(temporary, destination);
		const contentType = request.headers['content-type'] ?? null;
		const file: StoredFile = { storageId, sha256: digest.toString('hex'), size, contentType, path: destination };
		sendJson(exchange, JSON.stringify({ storageId: await deployment.engine.registerFile(file) }));
	} catch (error) {
		await Promise.all([rm(temporary, { force: true }), rm(destination, { force: true })]);
		throw error;
	}
}

/** Sends a stored file, or the part that a Range header asks for. */
export async function downloadFile({ request, response, url, deployment }: Exchange): Promise<void> {
	const id = decodeURIComponent(url.pathname.slice('/api/storage/'.length));
	const file = await deployment.engine.file(id);
	if (!file) throw new RequestFailure(404, 'FileNotFound', 'There is no file with this id.');
	const range = parseRange(request.headers.range, file.size);
	if (range === 'unsatisfiable') {
		response.writeHead(416, { 'content-range': `bytes */${file.size}`, 'content-length': 0 }).end();
		return;
	}
	const { start, end } = range ?? { start: 0, end: file.size - 1 };
	response.setHeader('accept-ranges', 'bytes');
	response.setHeader('cache-control', `private, max-age=${CACHE_S}`);
	response.setHeader('x-content-type-options', 'nosniff');
	// What somebody uploaded must not run as a page of this origin.
	response.setHeader(
		'content-security-policy',
		"sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'"
	);
	if (file.contentType !== null) response.setHeader('content-type', file.contentType);
	if (range) response.setHeader('content-range', `bytes ${start}-${end}/${file.size}`);
	else response.setHeader('digest', `sha-256=${Buffer.from(file.sha256, 'hex').toString('base64')}`);
	response.writeHead(range ? 206 : 200, { 'content-length': end - start + 1 });
	if (request.method === 'HEAD' || file.size === 0) response.end();
	else await pipeline(createReadStream(file.path, { start, end }), response);
}

async function receive(request: IncomingMessage, destination: string): Promise<{ size: number; digest: Buffer }> {
	if (Number(request.headers['content-length'] ?? 0) > MAX_FILE_BYTES) throw tooLarge();
	const hasher = createHash('sha256');
	let size = 0;
	async function* measured(source: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
		for await (const chunk of source) {
			if (!Buffer.isBuffer(chunk)) throw new TypeError('A body is read as bytes.');
			size += chunk.length;
			if (size > MAX_FILE_BYTES) throw tooLarge();
			hasher.update(chunk);
			yield chunk;
		}
	}
	await pipeline(request, measured, createWriteStream(destination, { flags: 'wx', mode: 0o600, flush: true }));
	return { size, digest: hasher.digest() };
}

/** `Digest: sha-256=<base64>`, when the client sent one. */
function checkDigest(request: IncomingMessage, digest: Buffer): void {
	const header = request.headers.digest;
	if (typeof header !== 'string') return;
	const expected = /^sha-256=(.+)$/i.exec(header)?.[1];
	if (expected === undefined || !Buffer.from(expected, 'base64').equals(digest)) {
		throw new RequestFailure(400, 'BadDigest', 'The file does not have the digest that its Digest header promises.');
	}
}

/** One range of bytes, both ends included; null when the whole file is to be sent. */
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

function tooLarge(): RequestFailure {
	return new RequestFailure(413, 'FileTooLarge', 'A file may have at most 1 GiB.');
}
