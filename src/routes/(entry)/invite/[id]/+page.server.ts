import { fail, redirect } from '@sveltejs/kit';
import { resolve } from '$app/paths';
import { api } from '../../../../convex/_generated/api.js';
import { fromConvex } from '$lib/server/convex.ts';
import { invitationFor, submitTo, textField } from '$lib/server/entry.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async (event) => {
	const invitation = await invitationFor(event, event.params.id);
	const viewer = await fromConvex((client) => client.query(api.viewer.current, {}));
	return { invitation, signedInAs: viewer?.user.email ?? null };
};

export const actions: Actions = {
	/** As somebody who is signed in. */
	accept: async (event) => {
		const answer = await submitTo(event, '/organization/accept-invitation', { invitationId: event.params.id });
		if (!answer.ok) return fail(answer.status, { name: '', problem: answer.message });
		redirect(303, resolve('/'));
	},
	/** As somebody new: the account is made for the address that was invited. */
	join: async (event) => {
		const { id: invitationId } = event.params;
		const form = await event.request.formData();
		const [name, password] = [textField(form, 'name').trim(), textField(form, 'password')];
		const invitation = await invitationFor(event, invitationId);
		if (invitation?.state !== 'open') return fail(410, { name, problem: 'This invitation is not open any more.' });
		const account = { name: name || invitation.email, email: invitation.email, password, invitationId };
		const made = await submitTo(event, '/sign-up/email', account);
		if (!made.ok) return fail(made.status, { name, problem: made.message });
		// Whoever cannot accept yet, because the address must be confirmed first, sees why on the page.
		const accepted = await submitTo(event, '/organization/accept-invitation', { invitationId });
		redirect(303, accepted.ok ? resolve('/') : resolve('/(entry)/invite/[id]', { id: invitationId }));
	}
};
