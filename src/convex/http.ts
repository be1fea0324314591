/** What the deployment's site answers over HTTP. */
import { httpRouter } from 'convex/server';
import { invitation, offers, setUp } from './auth/entry.ts';
import { handleAuth } from './auth/handler.ts';
import { addApiRoutes } from './http/api.ts';

const http = httpRouter();
addApiRoutes(http);
for (const method of ['GET', 'POST'] as const) http.route({ pathPrefix: '/api/auth/', method, handler: handleAuth });
http.route({ path: '/api/entry', method: 'GET', handler: offers });
http.route({ path: '/api/entry/setup', method: 'POST', handler: setUp });
http.route({ pathPrefix: '/api/entry/invitations/', method: 'GET', handler: invitation });

export default http;
