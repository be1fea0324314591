import { fail, redirect } from '@sveltejs/kit';
import { safeRedirect } from '$lib/navigation/safeRedirect.ts';
import { submitTo, textField } from '$lib/server/entry.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = ({ url }) => ({
	redirectTo: safeRedirect(url.searchParams.get('redirectTo')),
	backup: url.searchParams.has('backup')
});

export const actions: Actions = {
	default: async (event) => {
		const form = await event.request.formData();
		const code = textField(form, 'code').replace(/\s/g, '');
		const path = form.has('backup') ? '/two-factor/verify-backup-code' : '/two-factor/verify-totp';
		const answer = await submitTo(event, path, { code, trustDevice: form.has('trust') });
		if (!answer.ok) return fail(answer.status, { problem: answer.message });
		redirect(303, safeRedirect(form.get('redirectTo')));
	}
};
