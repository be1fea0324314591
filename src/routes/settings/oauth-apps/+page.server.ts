import { fromConvex } from '$lib/server/convex.ts';
import { api } from '../../../convex/_generated/api.js';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ url }) =>
	fromConvex(async (client) => ({ origin: url.origin, apps: await client.query(api.oauthApps.list, {}) }));
