import { fail } from '@sveltejs/kit';
import { offersFor, submitTo, textField } from '$lib/server/entry.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async (event) => {
	const { mail } = await offersFor(event);
	return { mail };
};

export const actions: Actions = {
	default: async (event) => {
		const email = textField(await event.request.formData(), 'email').trim();
		const answer = await submitTo(event, '/request-password-reset', { email });
		if (!answer.ok) return fail(answer.status, { email, problem: answer.message, sent: false });
		return { email, problem: undefined, sent: true };
	}
};
