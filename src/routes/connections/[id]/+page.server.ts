import { error } from '@sveltejs/kit';
import { RUNS_PER_PAGE } from '$lib/components/connection/paging.ts';
import { fromConvex } from '$lib/server/convex.ts';
import { api } from '../../../convex/_generated/api.js';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ params }) =>
	fromConvex(async (client) => {
		const connection = await client.query(api.connectionRecords.get, { connectionId: params.id });
		if (connection === null) {
			error(404, {
				message: 'There is no such connection.',
				hint: 'It may have been disconnected and its data deleted. The integrations page lists what is connected now.'
			});
		}
		const runs = await client.query(api.syncRuns.list, {
			connectionId: connection.id,
			paginationOpts: { numItems: RUNS_PER_PAGE, cursor: null }
		});
		return { connection, runs };
	});
