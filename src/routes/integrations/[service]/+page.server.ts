import { error } from '@sveltejs/kit';
import { isIntegrationId } from '$lib/config/integrations.ts';
import { api } from '../../../convex/_generated/api.js';
import { fromConvex } from '$lib/server/convex.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ params }) => {
	if (!isIntegrationId(params.service)) {
		error(404, {
			message: `There is no integration called “${params.service}”.`,
			hint: 'See all integrations to find the service, or read in the notes how one is added.'
		});
	}
	return {
		integrationId: params.service,
		connections: await fromConvex((client) => client.query(api.connectionRecords.list, {}))
	};
};
