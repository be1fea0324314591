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

export default http;
