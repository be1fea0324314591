import { fail, redirect } from '@sveltejs/kit';
import { resolve } from '$app/paths';
import { submitTo, textField } from '$lib/server/entry.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = ({ url, setHeaders }) => {
	setHeaders({ 'referrer-policy': 'no-referrer' });
	return { token: url.searchParams.get('token') ?? '' };
};

export const actions: Actions = {
	default: async (event) => {
		const form = await event.request.formData();
		const [token, newPassword] = [textField(form, 'token'), textField(form, 'password')];
		const answer = await submitTo(event, '/reset-password', { token, newPassword });
		if (!answer.ok) return fail(answer.status, { problem: answer.message });
		redirect(303, `${resolve('/sign-in')}?done=reset`);
	}
};
