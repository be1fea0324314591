import { api } from '../../convex/_generated/api.js';
import { fromConvex } from '$lib/server/convex.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async () => ({
	connections: await fromConvex((client) => client.query(api.connectionRecords.list, {}))
});
