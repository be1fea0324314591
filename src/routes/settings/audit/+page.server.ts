import { EVENTS_PER_PAGE, filterOf } from '$lib/components/audit/filter.ts';
import { fromConvex } from '$lib/server/convex.ts';
import { api } from '../../../convex/_generated/api.js';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ url }) => {
	const filter = filterOf(url);
	return await fromConvex(async (client) => {
		const paginationOpts = { numItems: EVENTS_PER_PAGE, cursor: null };
		const [events, actors] = await Promise.all([
			client.query(api.audit.list, { ...filter, paginationOpts }),
			client.query(api.audit.actors, {})
		]);
		return { filter, events, actors };
	});
};
