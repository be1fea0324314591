import { fail, redirect } from '@sveltejs/kit';
import { resolve } from '$app/paths';
import { api } from '../../../convex/_generated/api.js';
import { serviceFailure } from '$lib/auth/serviceFailure.ts';
import { fromConvex } from '$lib/server/convex.ts';
import { safeRedirect } from '$lib/navigation/safeRedirect.ts';
import { offersFor, submitTo, textField } from '$lib/server/entry.ts';
import type { Actions, PageServerLoad } from './$types';

const NOTES: Readonly<Record<string, string>> = {
	reset: 'Your new password is set. Sign in with it.',
	'signed-out': 'You are signed out.'
};

export const load: PageServerLoad = async (event) => {
	const { url } = event;
	const redirectTo = safeRedirect(url.searchParams.get('redirectTo'));
	// A token may outlive its session by minutes; the deployment knows.
	if ((await fromConvex((client) => client.query(api.viewer.current, {}))) !== null) redirect(303, redirectTo);
	const { setupNeeded, providers } = await offersFor(event);
	if (setupNeeded) redirect(303, resolve('/setup'));
	return {
		redirectTo,
		providers,
		note: NOTES[url.searchParams.get('done') ?? ''] ?? null,
		error: serviceFailure(url.searchParams.get('error'))
	};
};

export const actions: Actions = {
	default: async (event) => {
		const form = await event.request.formData();
		const [email, password] = [textField(form, 'email').trim(), textField(form, 'password')];
		const redirectTo = safeRedirect(form.get('redirectTo'));
		const answer = await submitTo(event, '/sign-in/email', { email, password });
		if (!answer.ok) return fail(answer.status, { email, problem: answer.message });
		const secondStep = `${resolve('/sign-in/two-factor')}?${new URLSearchParams({ redirectTo })}`;
		redirect(303, answer.secondFactor ? secondStep : redirectTo);
	}
};
