import { httpRouter } from 'convex/server';
import { internal } from './_generated/api';
import { httpAction } from './_generated/server';

const http = httpRouter();

http.route({
	path: '/echo',
	method: 'POST',
	handler: httpAction(async (ctx, request) => {
		await ctx.runMutation(internal.events.add, { kind: 'http' });
		return new Response(await request.text(), {
			status: 201,
			headers: { 'x-echo': request.headers.get('x-echo') ?? '' }
		});
	})
});

http.route({
	pathPrefix: '/fail/',
	method: 'GET',
	handler: httpAction(async () => {
		throw new Error('no luck');
	})
});

/** Answers with each part of the request as it comes, in upper case. */
http.route({
	path: '/stream',
	method: 'POST',
	handler: httpAction(async (_ctx, request) => {
		const upper = new TransformStream<string, string>({
			transform: (text, controller) => controller.enqueue(text.toUpperCase())
		});
		const body = (request.body ?? new Blob().stream())
			.pipeThrough(new TextDecoderStream())
			.pipeThrough(upper)
			.pipeThrough(new TextEncoderStream());
		return new Response(body, { headers: { 'content-type': 'text/plain' } });
	})
});

/** As many bytes as are asked for, a part of 64 KiB at a time; says in the end how many parts were made. */
http.route({
	path: '/bytes',
	method: 'GET',
	handler: httpAction(async (ctx, request) => {
		const wanted = Number(new URL(request.url).searchParams.get('count'));
		let made = 0;
		const body = new ReadableStream<Uint8Array>({
			async pull(controller) {
				const size = Math.min(65_536, wanted - made);
				if (size > 0) controller.enqueue(new Uint8Array(size));
				made += size;
				if (made >= wanted) {
					await ctx.runMutation(internal.events.add, { kind: `made ${made}` });
					controller.close();
				} else if (made % (1 << 20) === 0) await ctx.runMutation(internal.events.add, { kind: `made ${made}` });
			}
		});
		return new Response(body);
	})
});

/** Begins to answer and goes on until the client has gone. */
http.route({
	path: '/endless',
	method: 'GET',
	handler: httpAction(async (ctx, request) => {
		const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
		const writer = writable.getWriter();
		const gone = new Promise<void>((resolve) => request.signal.addEventListener('abort', () => resolve()));
		const ended = async (): Promise<void> => {
			await writer.write(new TextEncoder().encode('begun\n'));
			await gone;
			await ctx.runMutation(internal.events.add, { kind: 'client gone' });
			await writer.close();
		};
		void ended();
		return new Response(readable);
	})
});

http.route({
	path: '/failsLate',
	method: 'GET',
	handler: httpAction(async () => {
		let parts = 0;
		const body = new ReadableStream<Uint8Array>({
			pull(controller) {
				if (parts++ > 0) throw new Error('no more luck');
				controller.enqueue(new TextEncoder().encode('half'));
			}
		});
		return new Response(body);
	})
});

export default http;
