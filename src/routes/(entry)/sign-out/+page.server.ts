import { redirect } from '@sveltejs/kit';
import { resolve } from '$app/paths';
import { submitTo } from '$lib/server/entry.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = () => redirect(303, resolve('/'));

export const actions: Actions = {
	default: async (event) => {
		await submitTo(event, '/sign-out', {});
		redirect(303, `${resolve('/sign-in')}?done=signed-out`);
	}
};
