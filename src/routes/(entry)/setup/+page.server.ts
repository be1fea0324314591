import { fail, redirect } from '@sveltejs/kit';
import { z } from 'zod';
import { resolve } from '$app/paths';
import { LONGEST_NAME, PASSWORD_LENGTH } from '$lib/config/signIn.ts';
import { makeFirstAccount, offersFor, plainCode, submitTo, textField } from '$lib/server/entry.ts';
import { isAtThisMachine } from '$lib/server/firstRun.ts';
import type { Actions, PageServerLoad } from './$types';

const account = z.object({
	name: z.string().trim().min(1, 'Say what you want to be called.').max(LONGEST_NAME, 'This name is too long.'),
	email: z.email('This is no e-mail address.').max(254, 'This e-mail address is too long.'),
	password: z
		.string()
		.min(PASSWORD_LENGTH.min, `The password needs at least ${PASSWORD_LENGTH.min} characters.`)
		.max(PASSWORD_LENGTH.max, `The password may have at most ${PASSWORD_LENGTH.max} characters.`)
});

export const load: PageServerLoad = async (event) => {
	const { setupNeeded } = await offersFor(event);
	if (!setupNeeded) redirect(303, resolve('/sign-in'));
	return { atThisMachine: isAtThisMachine(event), code: event.url.searchParams.get('code') ?? '' };
};

export const actions: Actions = {
	default: async (event) => {
		const form = await event.request.formData();
		const [name, email, code] = ['name', 'email', 'code'].map((field) => textField(form, field));
		const typed = { name, email, code };
		const parsed = account.safeParse({ name, email, password: textField(form, 'password') });
		if (!parsed.success) return fail(400, { ...typed, problem: parsed.error.issues[0]?.message });
		const atThisMachine = isAtThisMachine(event) && !code;
		const outcome = await makeFirstAccount(event, {
			...parsed.data,
			code: atThisMachine ? null : plainCode(code ?? '')
		});
		if (outcome === 'taken') redirect(303, resolve('/sign-in'));
		if (outcome !== 'made') {
			const problem =
				outcome === 'wrong_code'
					? 'This code is not good. The log of the process that runs Plumbline has the current one.'
					: 'This account could not be made: check what you typed.';
			return fail(403, { ...typed, problem });
		}
		const { email: address, password } = parsed.data;
		const signedIn = await submitTo(event, '/sign-in/email', { email: address, password });
		redirect(303, signedIn.ok ? resolve('/') : resolve('/sign-in'));
	}
};
