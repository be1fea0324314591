import type { WireRequest } from '../../engine/protocol.ts';
import type { RunningAction } from './action.ts';

/** The most that is sent in one go (bytes). */
const PART = 256 * 1024;

/** The request as the action gets it: its body is fetched from the client part by part, as the action reads it. */
export function receivedRequest(action: RunningAction, { url, method, headers, hasBody }: WireRequest): Request {
	const { callId } = action;
	const body = new ReadableStream<Uint8Array>(
		{
			async pull(controller) {
				const part = await action.host.call('requestPart', { callId });
				if (part === null) controller.close();
				else controller.enqueue(part);
			}
		},
		{ highWaterMark: 0 }
	);
	const init: RequestInit & { readonly duplex: 'half' } = {
		method,
		headers: headers.map(([name, value]): [string, string] => [name, value]),
		body: hasBody ? body : null,
		signal: action.client.signal,
		// Needed of requests whose body is a stream.
		duplex: 'half'
	};
	return new Request(url, init);
}

/** What the router's library answers where no route matches. */
export function noRoute(): Response {
	return new Response('No matching routes found', { status: 404 });
}

/**
 * Sends an answer, the head at once and the body as it comes, no faster than the client takes it. What goes beyond `limit`
 * bytes is left out and told of in the logs, as the backend does. Returns the bytes of the body.
 */
export async function sendResponse(action: RunningAction, response: Response, limit: number): Promise<number> {
	const { callId } = action;
	const headers = [...response.headers].map(([name, text]): [string, string] => [String(name), String(text)]);
	await action.host.call('respond', { callId, status: response.status, headers });
	let size = 0;
	let isFull = false;
	const body: AsyncIterable<unknown> =
		response.body ?? new ReadableStream({ start: (controller) => controller.close() });
	// The body is read to its end in any case: what the action does beside making it is not undone.
	for await (const chunk of body) {
		if (!(chunk instanceof Uint8Array)) throw new TypeError('The body of a Response is made of Uint8Arrays.');
		if (isFull) continue;
		isFull = size + chunk.byteLength > limit;
		if (isFull)
			action.say('ERROR', `HttpResponseTooLarge: HTTP actions support responses up to ${limit / 2 ** 20} MiB`);
		for (let at = 0; at < chunk.byteLength && !isFull; at += PART) {
			const part = chunk.slice(at, at + PART);
			await action.host.call('responsePart', { callId, part });
			size += part.byteLength;
		}
	}
	return size;
}
