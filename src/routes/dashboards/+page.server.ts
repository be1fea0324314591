import { redirect } from '@sveltejs/kit';
import { resolve } from '$app/paths';
import { fromConvex } from '$lib/server/convex.ts';
import { api } from '../../convex/_generated/api.js';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async () => {
	const read = await fromConvex(async (client) => ({
		dashboards: await client.query(api.dashboards.list, {}),
		connections: await client.query(api.connectionRecords.list, {})
	}));
	const [only] = read.dashboards;
	if (only && read.dashboards.length === 1) redirect(307, resolve('/dashboards/[id]', { id: only.id }));
	return read;
};
