import { fail, redirect } from '@sveltejs/kit';
import { resolve } from '$app/paths';
import { submitTo, textField } from '$lib/server/entry.ts';
import type { Actions, PageServerLoad } from './$types';

/** The token in the address stays on this site: the referrer policy of every page is `same-origin`. */
export const load: PageServerLoad = ({ url }) => ({ token: url.searchParams.get('token') ?? '' });

export const actions: Actions = {
	default: async (event) => {
		const form = await event.request.formData();
		const [token, newPassword] = [textField(form, 'token'), textField(form, 'password')];
		const answer = await submitTo(event, '/reset-password', { token, newPassword });
		if (!answer.ok) return fail(answer.status, { problem: answer.message });
		redirect(303, `${resolve('/sign-in')}?done=reset`);
	}
};
