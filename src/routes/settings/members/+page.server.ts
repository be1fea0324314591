import { fromConvex } from '$lib/server/convex.ts';
import { api } from '../../../convex/_generated/api.js';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async () =>
	fromConvex(async (client) => {
		const [members, invitations, offered] = await Promise.all([
			client.query(api.members.list, {}),
			client.query(api.invitations.list, {}),
			client.query(api.signInMethods.offered, {})
		]);
		return { members, invitations, mail: offered.mail };
	});
