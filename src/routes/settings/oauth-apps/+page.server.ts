import { fromConvex } from '$lib/server/convex.ts';
import { api } from '../../../convex/_generated/api.js';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ url }) =>
	fromConvex(async (client) => {
		const apps = await client.query(api.oauthApps.list, {});
		const viewer = await client.query(api.viewer.current, {});
		// Nobody is the owner of this machine, before the first account.
		return { origin: url.origin, apps, mayManage: viewer?.rights.includes('oauthApps:manage') ?? true };
	});
