import { httpRouter } from 'convex/server';
import { api } from './_generated/api';
import { httpAction } from './_generated/server';

const http = httpRouter();
http.route({
	path: '/count',
	method: 'GET',
	handler: httpAction(async (ctx, request) => {
		const name = new URL(request.url).searchParams.get('name') ?? '';
		const who = await ctx.auth.getUserIdentity();
		return Response.json({
			value: await ctx.runQuery(api.counters.get, { name }),
			site: process.env.CONVEX_SITE_URL,
			who
		});
	})
});
export default http;
