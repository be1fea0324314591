/** What the deployment's site answers over HTTP. */
import { httpRouter } from 'convex/server';
import { handleAuth } from './auth/handler.ts';
import { addApiRoutes } from './http/api.ts';

const http = httpRouter();
addApiRoutes(http);
for (const method of ['GET', 'POST'] as const) http.route({ pathPrefix: '/api/auth/', method, handler: handleAuth });

export default http;
