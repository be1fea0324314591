/** Reads request bodies, up to a limit that counts after decompression. */
import type { IncomingMessage } from 'node:http';
import { pipeline as connect } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip } from 'node:zlib';
import type { Transform } from 'node:stream';
import type { z } from 'zod';
import { RequestFailure } from './failure.ts';

/** A body as it comes, without its content encoding. Throws a RequestFailure 415 for an unknown one, at once. */
export function bodyParts(request: IncomingMessage): AsyncIterable<Uint8Array> {
	const decoder = decoderFor(request.headers['content-encoding']);
	return decoder === null ? request : connect(request, decoder, () => undefined);
}

/** The whole body. Throws a RequestFailure: 413 beyond `limit` bytes, 415 for an unknown encoding, 400 when it is broken. */
async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
	const declared = Number(request.headers['content-length'] ?? 0);
	if (declared > limit) throw tooLarge(limit);
	const chunks: Buffer[] = [];
	let size = 0;
	const collect = async (source: AsyncIterable<unknown>): Promise<void> => {
		for await (const chunk of source) {
			if (!Buffer.isBuffer(chunk)) throw new TypeError('A body is read as bytes.');
			size += chunk.length;
			if (size > limit) throw tooLarge(limit);
			chunks.push(chunk);
		}
	};
	const decoder = decoderFor(request.headers['content-encoding']);
	try {
		await (decoder ? pipeline(request, decoder, collect) : collect(request.iterator({ destroyOnReturn: false })));
	} catch (error) {
		if (error instanceof RequestFailure) throw error;
		throw new RequestFailure(400, 'InvalidBody', 'The request body could not be read.');
	}
	return Buffer.concat(chunks, size);
}

/** The body as JSON of a shape. Throws a RequestFailure 400 that names the first fault. */
export async function readJson<Shape extends z.ZodType>(
	request: IncomingMessage,
	shape: Shape,
	limit: number
): Promise<z.infer<Shape>> {
	const text = (await readBody(request, limit)).toString('utf8');
	let json: unknown;
	try {
		json = JSON.parse(text);
	} catch {
		throw new RequestFailure(400, 'BadJsonBody', 'The request body is not JSON.');
	}
	const parsed = shape.safeParse(json);
	if (parsed.success) return parsed.data;
	const [issue] = parsed.error.issues;
	const place = issue && issue.path.length > 0 ? ` at ${issue.path.join('.')}` : '';
	throw new RequestFailure(
		400,
		'BadJsonBody',
		`The request body is not as expected${place}: ${issue?.message ?? 'unknown fault'}.`
	);
}

function decoderFor(encoding: string | undefined): Transform | null {
	switch (encoding?.toLowerCase()) {
		case undefined:
		case 'identity':
			return null;
		case 'br':
			return createBrotliDecompress();
		case 'gzip':
			return createGunzip();
		default:
			throw new RequestFailure(415, 'UnsupportedEncoding', 'The request body has an encoding other than br or gzip.');
	}
}

function tooLarge(limit: number): RequestFailure {
	return new RequestFailure(
		413,
		'BodyTooLarge',
		`The request body is larger than ${Math.floor(limit / 1024 / 1024)} MiB.`
	);
}
