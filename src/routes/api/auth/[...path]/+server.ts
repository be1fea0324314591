import { proxyAuth } from '$lib/server/authProxy.ts';
import type { RequestHandler } from './$types';

const answer: RequestHandler = (event) => proxyAuth(event, `/${event.params.path}`);

export const GET = answer;
export const POST = answer;
