/** What the deployment's site answers over HTTP. */
import { httpRouter } from 'convex/server';
import { addApiRoutes } from './http/api.ts';

const http = httpRouter();
addApiRoutes(http);

export default http;
