/**
 * What the endpoints of sign-in and accounts refuse with, in sentences that a person can act on. None says whether an
 * account exists for an address.
 */

import { PASSWORD_LENGTH } from '../config/signIn.ts';

/** What a refusal is about: the field of a form that asks for it shows the sentence. */
export type FailureField = 'name' | 'email' | 'password' | 'newPassword' | 'code' | 'expiry';

interface Refusal {
	readonly sentence: string;
	readonly field?: FailureField;
}

const signedOut = { sentence: 'You are signed out here. Sign in again; nothing was changed.' };
const stale = { sentence: 'You signed in too long ago for this. Sign out, sign in again, then repeat it.' };
const wrongCode: Refusal = {
	sentence:
		'This code is not right. Codes change every 30 seconds: type the newest, and check the clock of your phone.',
	field: 'code'
};
const notAllowed = { sentence: 'Your role in this workspace does not allow this. Ask an owner or an admin.' };
const gone = { sentence: 'This does not exist any more. The list shows what there is now.' };
const linkOver = { sentence: 'This link is used up or too old. Ask for a new one.' };
const passkeyRefused = { sentence: 'The passkey was not accepted. Try again, or sign in another way.' };
const passkeyCancelled = { sentence: 'No passkey was made: the question of your browser or device was closed.' };
const ourFault = { sentence: 'Plumbline could not do this; its log names the cause. Nothing was changed. Try again.' };
const foreignPage = { sentence: 'This page was opened from another address than Plumbline’s own. Open it there.' };
const lastOwner = {
	sentence: 'You are the only owner of this workspace. Hand it over to somebody first, in Settings, Workspace.'
};
const withoutPassword: Refusal = {
	sentence: 'Your account has no password yet. Sign out and use “Forgot password” to set one.',
	field: 'password'
};

const REFUSALS: Readonly<Record<string, Refusal>> = {
	// Who you are
	INVALID_EMAIL_OR_PASSWORD: { sentence: 'This e-mail address and password do not belong together.' },
	INVALID_PASSWORD: { sentence: 'This is not your password.', field: 'password' },
	INVALID_EMAIL: { sentence: 'This is no e-mail address.', field: 'email' },
	INVALID_USER: signedOut,
	USER_NOT_FOUND: signedOut,
	PASSWORD_TOO_SHORT: {
		sentence: `Choose a password of at least ${PASSWORD_LENGTH.min} characters.`,
		field: 'newPassword'
	},
	PASSWORD_TOO_LONG: {
		sentence: `Choose a password of at most ${PASSWORD_LENGTH.max} characters.`,
		field: 'newPassword'
	},
	PASSWORD_ALREADY_SET: { sentence: 'Your account has a password already. Change it instead.' },
	EMAIL_NOT_VERIFIED: {
		sentence:
			'Confirm your e-mail address first: the link is in your mail, or in the log of the process that runs Plumbline.'
	},
	EMAIL_ALREADY_VERIFIED: { sentence: 'Your e-mail address is confirmed already.', field: 'email' },
	EMAIL_MISMATCH: { sentence: 'This is for another e-mail address than the one of your account.' },
	EMAIL_CAN_NOT_BE_UPDATED: { sentence: 'This address cannot be used. Choose another one.', field: 'email' },
	EMAIL_IS_THE_SAME: { sentence: 'This is your address already.', field: 'email' },
	CHANGE_EMAIL_DISABLED: { sentence: 'Addresses cannot be changed in this installation.', field: 'email' },
	VERIFICATION_EMAIL_NOT_ENABLED: { sentence: 'Addresses cannot be confirmed in this installation.', field: 'email' },
	VERIFICATION_EMAIL_ISNT_ENABLED: { sentence: 'Addresses cannot be confirmed in this installation.', field: 'email' },
	USER_ALREADY_EXISTS: { sentence: 'No account can be made with this address. If you have one, sign in.' },
	USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: {
		sentence: 'No account can be made with this address. If you have one, sign in.'
	},
	CREDENTIAL_ACCOUNT_NOT_FOUND: withoutPassword,
	USER_ALREADY_HAS_PASSWORD: { sentence: 'Type your password to go on.', field: 'password' },
	SESSION_EXPIRED: stale,
	SESSION_NOT_FRESH: stale,
	UNAUTHORIZED: signedOut,
	SESSION_REQUIRED: signedOut,
	UNAUTHORIZED_SESSION: signedOut,
	INVALID_TOKEN: linkOver,
	TOKEN_EXPIRED: linkOver,
	// Other services
	PROVIDER_NOT_FOUND: { sentence: 'This way to sign in is not set up in this installation.' },
	ID_TOKEN_NOT_SUPPORTED: { sentence: 'This service cannot be used in this way.' },
	FAILED_TO_GET_USER_INFO: { sentence: 'The service did not say who you are. Try again, or sign in another way.' },
	USER_EMAIL_NOT_FOUND: { sentence: 'The service named no e-mail address. Make one visible there, then try again.' },
	SOCIAL_ACCOUNT_ALREADY_LINKED: { sentence: 'That account belongs to somebody else here already.' },
	LINKED_ACCOUNT_ALREADY_EXISTS: { sentence: 'That account is linked already.' },
	FAILED_TO_UNLINK_LAST_ACCOUNT: {
		sentence: 'This is your only way to sign in. Add another one first: a password, a passkey or another service.'
	},
	ACCOUNT_NOT_FOUND: gone,
	// The second factor
	INVALID_CODE: wrongCode,
	INVALID_BACKUP_CODE: { sentence: 'This backup code is not right, or it has been used.', field: 'code' },
	INVALID_TWO_FACTOR_COOKIE: { sentence: 'This took too long. Sign in again from the start.', field: 'code' },
	TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE: {
		sentence: 'Too many wrong codes. Sign in again from the start.',
		field: 'code'
	},
	ACCOUNT_TEMPORARILY_LOCKED: {
		sentence: 'Too many wrong codes. Wait a quarter of an hour, then try again.',
		field: 'code'
	},
	TOTP_ALREADY_ENABLED: { sentence: 'The second factor is on already.' },
	TOTP_NOT_ENABLED: { sentence: 'The second factor is off. Turn it on first.' },
	TWO_FACTOR_NOT_ENABLED: { sentence: 'The second factor is off. Turn it on first.' },
	BACKUP_CODES_NOT_ENABLED: { sentence: 'There are no backup codes. Turn the second factor on first.' },
	TOTP_NOT_CONFIGURED: ourFault,
	OTP_NOT_ENABLED: ourFault,
	OTP_NOT_CONFIGURED: ourFault,
	OTP_HAS_EXPIRED: { sentence: 'This code is too old. Type the newest.', field: 'code' },
	// Passkeys
	CHALLENGE_NOT_FOUND: { sentence: 'This took too long. Try again.' },
	YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY: signedOut,
	FAILED_TO_VERIFY_REGISTRATION: passkeyRefused,
	PASSKEY_NOT_FOUND: gone,
	AUTHENTICATION_FAILED: passkeyRefused,
	UNABLE_TO_CREATE_SESSION: ourFault,
	FAILED_TO_UPDATE_PASSKEY: ourFault,
	PREVIOUSLY_REGISTERED: { sentence: 'This device has a passkey for your account already.' },
	ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED: { sentence: 'This device has a passkey for your account already.' },
	REGISTRATION_CANCELLED: passkeyCancelled,
	ERROR_CEREMONY_ABORTED: passkeyCancelled,
	ERROR_PASSTHROUGH_SEE_CAUSE_PROPERTY: passkeyCancelled,
	ERROR_INVALID_DOMAIN: {
		sentence: 'Passkeys do not work under this address. They need https and a name, or localhost.'
	},
	ERROR_INVALID_RP_ID: {
		sentence: 'Passkeys do not work under this address. They need https and a name, or localhost.'
	},
	AUTH_CANCELLED: { sentence: 'No passkey was given: the question of your browser or device was closed.' },
	UNKNOWN_ERROR: passkeyRefused,
	RESOLVE_USER_REQUIRED: signedOut,
	RESOLVED_USER_INVALID: signedOut,
	// Workspaces, members and invitations
	YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_ORGANIZATION: { sentence: 'You may not make a workspace here. Ask an owner.' },
	YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS: {
		sentence: 'You are in as many workspaces as one person can be. Leave one first.'
	},
	ORGANIZATION_ALREADY_EXISTS: {
		sentence: 'There is a workspace of this name already. Choose another one.',
		field: 'name'
	},
	ORGANIZATION_SLUG_ALREADY_TAKEN: {
		sentence: 'There is a workspace of this name already. Choose another one.',
		field: 'name'
	},
	ORGANIZATION_NOT_FOUND: gone,
	NO_ACTIVE_ORGANIZATION: { sentence: 'You are in no workspace. Choose one at the top of the navigation.' },
	USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION: gone,
	YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION: gone,
	USER_NOT_MEMBER_OF_ORGANIZATION: gone,
	MEMBER_NOT_FOUND: gone,
	ROLE_NOT_FOUND: { sentence: 'There is no such role.' },
	USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION: {
		sentence: 'This person is in the workspace already.',
		field: 'email'
	},
	USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION: {
		sentence: 'This person is invited already. Renew the invitation in the list instead.',
		field: 'email'
	},
	YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER: lastOwner,
	YOU_CANNOT_LEAVE_THE_ORGANIZATION_WITHOUT_AN_OWNER: lastOwner,
	YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_ORGANIZATION: notAllowed,
	YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_ORGANIZATION: notAllowed,
	YOU_ARE_NOT_ALLOWED_TO_ACCESS_THIS_ORGANIZATION: notAllowed,
	YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_MEMBER: notAllowed,
	YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER: notAllowed,
	YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION: notAllowed,
	YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE: notAllowed,
	YOU_ARE_NOT_ALLOWED_TO_CANCEL_THIS_INVITATION: notAllowed,
	YOU_ARE_NOT_ALLOWED_TO_LIST_INVITATIONS: notAllowed,
	INVITATION_NOT_FOUND: { sentence: 'This invitation is over: used, revoked or too old. Ask for a new link.' },
	FAILED_TO_RETRIEVE_INVITATION: ourFault,
	YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION: {
		sentence: 'This invitation is for another e-mail address. Sign in with that one, or ask for a new link.'
	},
	EMAIL_VERIFICATION_REQUIRED_BEFORE_ACCEPTING_OR_REJECTING_INVITATION: {
		sentence: 'Confirm your e-mail address first, then open the invitation again.'
	},
	EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION: {
		sentence: 'Confirm your e-mail address first, then open the invitation again.'
	},
	INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION: {
		sentence: 'Whoever invited you is not in the workspace any more. Ask for a new link.'
	},
	ORGANIZATION_MEMBERSHIP_LIMIT_REACHED: { sentence: 'This workspace is full. Remove somebody first.' },
	INVITATION_LIMIT_REACHED: { sentence: 'Too many invitations are open. Revoke some first.' },
	// API tokens
	KEY_NOT_FOUND: gone,
	KEY_DISABLED: { sentence: 'This token is revoked.' },
	KEY_EXPIRED: { sentence: 'This token has expired. Make a new one.' },
	NAME_REQUIRED: { sentence: 'Give the token a name, so that you know later what it is for.', field: 'name' },
	INVALID_NAME_LENGTH: { sentence: 'Choose a name of at most 32 characters.', field: 'name' },
	EXPIRES_IN_IS_TOO_SMALL: { sentence: 'Choose a later day.', field: 'expiry' },
	EXPIRES_IN_IS_TOO_LARGE: { sentence: 'Choose an earlier day.', field: 'expiry' },
	INSUFFICIENT_API_KEY_PERMISSIONS: notAllowed,
	RATE_LIMIT_EXCEEDED: { sentence: 'Too many calls. Wait a minute, then try again.' },
	USAGE_EXCEEDED: { sentence: 'This token is used up. Make a new one.' },
	INVALID_API_KEY: { sentence: 'This is no token of Plumbline.' },
	// Requests that our own pages do not make
	INVALID_ORIGIN: foreignPage,
	MISSING_OR_NULL_ORIGIN: foreignPage,
	CROSS_SITE_NAVIGATION_LOGIN_BLOCKED: foreignPage,
	INVALID_CALLBACK_URL: foreignPage,
	INVALID_REDIRECT_URL: foreignPage,
	INVALID_ERROR_CALLBACK_URL: foreignPage,
	INVALID_NEW_USER_CALLBACK_URL: foreignPage,
	VALIDATION_ERROR: { sentence: 'Something here is not filled in as it must be. Look it over and try again.' },
	MISSING_FIELD: { sentence: 'Something here is not filled in. Look it over and try again.' },
	FAILED_TO_CREATE_USER: ourFault,
	FAILED_TO_CREATE_SESSION: ourFault,
	FAILED_TO_UPDATE_USER: ourFault,
	FAILED_TO_GET_SESSION: ourFault,
	FAILED_TO_CREATE_VERIFICATION: ourFault,
	FAILED_TO_UPDATE_API_KEY: ourFault
};

/** A refusal of an account's endpoint: its message is a sentence to show. */
export class AuthFailure extends Error {
	readonly code: string;
	readonly field: FailureField | null;

	constructor(code: string, sentence: string, field: FailureField | null) {
		super(sentence);
		this.name = 'AuthFailure';
		this.code = code;
		this.field = field;
	}
}

/** What Better Auth's client says of a call that was refused. */
interface Refused {
	readonly status: number;
	readonly code?: string;
	readonly message?: string;
}

/** A refusal in words. A code of our own endpoints that stands in no table has its sentence as message. */
export function failureOf({ status, code = '', message = '' }: Refused): AuthFailure {
	if (status === 429) {
		return new AuthFailure('TOO_MANY_REQUESTS', 'Too many attempts. Wait a minute, then try again.', null);
	}
	const known = Object.hasOwn(REFUSALS, code) ? REFUSALS[code] : undefined;
	if (known) return new AuthFailure(code, known.sentence, known.field ?? null);
	if (status === 401) return new AuthFailure(code, signedOut.sentence, null);
	if (status >= 500 || message === '') return new AuthFailure(code, ourFault.sentence, null);
	return new AuthFailure(code, message, null);
}

/** What the call gave; throws an `AuthFailure` when it was refused. */
export function granted<Data>(answer: { data: Data; error: null } | { data: null; error: Refused }): NonNullable<Data> {
	if (answer.error !== null) throw failureOf(answer.error);
	if (answer.data === null || answer.data === undefined) throw failureOf({ status: 500 });
	return answer.data;
}
