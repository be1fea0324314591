import { fromConvex } from '$lib/server/convex.ts';
import { api } from '../../../convex/_generated/api.js';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async () =>
	fromConvex(async (client) => ({ tokens: await client.query(api.apiKeys.list, {}) }));
