import { httpRouter } from 'convex/server';
import { httpAction } from './_generated/server';

const http = httpRouter();
http.route({
	pathPrefix: '/any/',
	method: 'GET',
	handler: httpAction(async (_ctx, request) => new Response(`inner ${new URL(request.url).pathname}`))
});
export default http;
