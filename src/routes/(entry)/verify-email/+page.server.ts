import { fail } from '@sveltejs/kit';
import { submitTo, textField } from '$lib/server/entry.ts';
import type { Actions, PageServerLoad } from './$types';

/** The token in the address stays on this site: the referrer policy of every page is `same-origin`. */
export const load: PageServerLoad = ({ url }) => ({ token: url.searchParams.get('token') ?? '' });

export const actions: Actions = {
	/** By a button: programs that look at links in letters must not confirm anything. */
	default: async (event) => {
		const token = textField(await event.request.formData(), 'token');
		const answer = await submitTo(event, `/verify-email?${new URLSearchParams({ token })}`);
		return answer.ok
			? { problem: undefined, done: true }
			: fail(answer.status, { problem: answer.message, done: false });
	}
};
