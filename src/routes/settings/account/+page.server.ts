import { fromConvex } from '$lib/server/convex.ts';
import { api } from '../../../convex/_generated/api.js';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async () =>
	fromConvex(async (client) => {
		const [methods, offered, stakes] = await Promise.all([
			client.query(api.signInMethods.mine, {}),
			client.query(api.signInMethods.offered, {}),
			client.query(api.account.stakes, {})
		]);
		return { methods, offered, stakes };
	});
