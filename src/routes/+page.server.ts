import { redirect } from '@sveltejs/kit';
import { resolve } from '$app/paths';
import { api } from '../convex/_generated/api.js';
import { fromConvex } from '$lib/server/convex.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async () => {
	const [first] = await fromConvex((client) => client.query(api.dashboards.list, {}));
	if (first) redirect(307, resolve('/dashboards/[id]', { id: first.id }));
};
