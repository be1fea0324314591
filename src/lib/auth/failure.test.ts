import { API_KEY_ERROR_CODES } from '@better-auth/api-key/client';
import { PASSKEY_ERROR_CODES } from '@better-auth/passkey/client';
import { BASE_ERROR_CODES } from 'better-auth';
import { ORGANIZATION_ERROR_CODES, TWO_FACTOR_ERROR_CODES } from 'better-auth/client/plugins';
import { describe, expect, test } from 'vitest';
import { AuthFailure, failureOf, granted } from './failure.ts';

const CODES = [
	BASE_ERROR_CODES,
	TWO_FACTOR_ERROR_CODES,
	ORGANIZATION_ERROR_CODES,
	PASSKEY_ERROR_CODES,
	API_KEY_ERROR_CODES
]
	.flatMap((codes) => Object.values(codes))
	.map(({ code, message }) => ({ code, message }));

/** Of what is not switched on here, or of a caller that is no page of ours. */
const NEVER =
	/TEAM|_A_ROLE$|^TOO_MANY_ROLES|RESOURCE$|AC_INSTANCE|ROLE_NAME|PRE_DEFINED|ASSIGNED_TO_MEMBERS|CREATE_A_ROLE|METADATA|REFILL|USER_BANNED|RECOVERABLE|REMAINING|PREFIX|NO_VALUES|DISABLED_EXPIRATION|_FROM_API_KEY|GETTER|SERVER_ONLY|ORGANIZATION_ID_REQUIRED|DEFAULT_API_KEY|PLUGIN_REQUIRED|CALLBACK_URL_REQUIRED|FIELD_NOT_ALLOWED|ASYNC_VALIDATION|METHOD_NOT_ALLOWED|BODY_MUST/;

describe('a refusal in words', () => {
	const reachable = CODES.filter(({ code }) => !NEVER.test(code));

	test.each(reachable)('$code', ({ code, message }) => {
		const { message: sentence } = failureOf({ status: 400, code, message });
		expect(sentence).not.toBe(message);
		expect(sentence).toMatch(/^[A-Z].{10,}\.$/);
	});

	test('there are many', () => expect(reachable.length).toBeGreaterThan(80));

	test('no sentence tells whether an account exists', () => {
		const { message } = failureOf({ status: 401, code: 'INVALID_EMAIL_OR_PASSWORD', message: '' });
		expect(message).not.toMatch(/no account|unknown|not found/i);
		expect(failureOf({ status: 400, code: 'USER_NOT_FOUND', message: '' }).message).not.toMatch(/found|exist/);
	});

	test('stands at the field it is about', () => {
		expect(failureOf({ status: 400, code: 'INVALID_PASSWORD' }).field).toBe('password');
		expect(failureOf({ status: 401, code: 'INVALID_CODE' }).field).toBe('code');
		expect(failureOf({ status: 403, code: 'INVITATION_LIMIT_REACHED' }).field).toBeNull();
	});

	test('of a code that no table has: the sentence of our own endpoint, or who is to blame', () => {
		expect(failureOf({ status: 403, code: 'OURS', message: 'Do it so.' }).message).toBe('Do it so.');
		expect(failureOf({ status: 500, code: 'X', message: 'stack' }).message).toMatch(/log names the cause/);
		expect(failureOf({ status: 401 }).message).toMatch(/signed out/);
		expect(failureOf({ status: 429, code: 'INVALID_PASSWORD' }).message).toMatch(/Wait a minute/);
		// A name that every object has is no code.
		expect(failureOf({ status: 400, code: 'constructor', message: 'Own words.' }).message).toBe('Own words.');
	});
});

test('what was granted is handed on, and what was refused is thrown', () => {
	expect(granted({ data: 7, error: null })).toBe(7);
	expect(() => granted({ data: null, error: null })).toThrow(/log names the cause/);
	expect(() => granted({ data: null, error: { status: 400, code: 'INVALID_CODE' } })).toThrow(AuthFailure);
});
