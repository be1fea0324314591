import { PassThrough } from 'node:stream';
import type { HttpFailure } from '../engine/failure.ts';
import type { HttpActionRequest, HttpActionResponse } from '../engine/types.ts';

type Head = Pick<HttpActionResponse, 'status' | 'headers'>;

/** Of an answer, how much may wait for a client that reads slowly before the action waits, too (bytes). */
const WAITING = 256 * 1024;

/** Answers a request that announces more bytes than it may have, and otherwise nothing. */
export function refuseLarge({ headers }: HttpActionRequest, limit: number): HttpActionResponse | null {
	const [, announced = '0'] = headers.find(([name]) => name.toLowerCase() === 'content-length') ?? [];
	const refusal = { code: 'BodyTooLarge', message: tooLarge(limit) };
	return Number(announced) > limit ? failureResponse(413, JSON.stringify(refusal)) : null;
}

function tooLarge(limit: number): string {
	return `The request body is larger than ${Math.floor(limit / 2 ** 20)} MiB.`;
}

/**
 * One HTTP action as the front sees it: parts of the request go to the action when it asks for them, and parts of the
 * answer to the client as they come.
 *
 *     waiting -> answered -> over      the head, then the end of the body
 *         |          |
 *         +-> over <-+                 failed before the head (the client gets a failure), or cut after it
 */
export class HttpExchange {
	readonly #request: AsyncIterator<Uint8Array> | null;
	readonly #limit: number;
	readonly #response = Promise.withResolvers<HttpActionResponse>();
	readonly #body = new PassThrough({ highWaterMark: WAITING });
	#received = 0;

	/** `limit`: bytes of the request. */
	constructor(request: AsyncIterable<Uint8Array> | null, limit: number) {
		this.#request = request === null ? null : request[Symbol.asyncIterator]();
		this.#limit = limit;
		this.#response.promise.catch(() => undefined);
		// Told to whoever reads the body; nobody may.
		this.#body.on('error', () => undefined);
	}

	/** Resolves with the head. */
	get response(): Promise<HttpActionResponse> {
		return this.#response.promise;
	}

	/** The next part of the request; null at its end. Throws when there are too many bytes, and what reading the request throws. */
	async requestPart(): Promise<Uint8Array | null> {
		const next = await this.#request?.next();
		if (next === undefined || next.done === true) return null;
		this.#received += next.value.byteLength;
		if (this.#received > this.#limit) throw new Error(tooLarge(this.#limit));
		return next.value;
	}

	respond({ status, headers }: Head): null {
		this.#response.resolve({ status, headers, body: this.#body });
		return null;
	}

	/** Resolves when there is room for more, or nobody reads any more. */
	write(part: Uint8Array): Promise<null> {
		return new Promise((resolve) => {
			this.#body.write(part, () => resolve(null));
		});
	}

	/** The action has ended. What failed after the head is told in the logs only. */
	end(failed: HttpFailure | null): void {
		if (failed !== null) this.#response.resolve(failureResponse(500, failed.body));
		this.#body.end();
	}

	/** The action was lost: the client must not take for whole what it got. */
	cut(failed: HttpFailure): void {
		this.#response.resolve(failureResponse(500, failed.body));
		this.#body.destroy(new Error(failed.failure.message));
	}
}

function failureResponse(status: number, json: string): HttpActionResponse {
	return { status, headers: [['content-type', 'application/json']], body: [Buffer.from(json)] };
}
