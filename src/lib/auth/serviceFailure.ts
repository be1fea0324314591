/** What Better Auth's redirects say when signing in with another service, or linking it, went wrong. */
const SENTENCES: Readonly<Record<string, string>> = {
	REGISTRATION_CLOSED: 'New accounts are by invitation only. Ask an admin of the workspace for a link.',
	account_not_linked:
		'There is an account with this e-mail already. Sign in with its password, then link the service in your settings.',
	access_denied: 'You have not allowed the service to sign you in here.',
	unable_to_link_account: 'The service has not verified this e-mail address, so it was not used.',
	email_does_not_match:
		'Your account at the service has another e-mail address than the one here, so it was not linked.',
	account_already_linked_to_different_user: 'That account belongs to somebody else here already.',
	email_not_found: 'The service named no e-mail address. Make one visible there, then try again.'
};

/** A sentence for the `error` of such a redirect; null when there is none. */
export function serviceFailure(error: string | null): string | null {
	if (!error) return null;
	return Object.hasOwn(SENTENCES, error)
		? (SENTENCES[error] ?? null)
		: 'The service did not confirm who you are. Try again, or sign in another way.';
}
