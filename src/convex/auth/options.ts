/** How Better Auth is set up: what is allowed, for how long, and who is told. */
import { passkey } from '@better-auth/passkey';
import type { BetterAuthOptions } from 'better-auth';
import { APIError, createAuthMiddleware } from 'better-auth/api';
import { genericOAuth } from 'better-auth/plugins/generic-oauth';
import { jwt } from 'better-auth/plugins/jwt';
import { organization } from 'better-auth/plugins/organization';
import { twoFactor } from 'better-auth/plugins/two-factor';
import { z } from 'zod';
import { ac, roles } from '../../lib/config/organizationRoles.ts';
import { daysInWords, invitationDays, USUAL_INVITATION_DAYS } from '../../lib/config/invitation.ts';
import { isRole } from '../../lib/config/permissions.ts';
import { auditPlugin } from './auditPlugin.ts';
import { codesCountOnce } from './codesCountOnce.ts';
import type { RecordDeed } from './auditPlugin.ts';
import { PASSWORD_LENGTH } from '../../lib/config/signIn.ts';
import { invitationLetter, resetLetter, verifyLetter } from './letters.ts';
import type { Letter } from './letters.ts';
import { CORE_NAMES, PLUGIN_NAMES } from './names.ts';
import { signingKeys } from './signingKeys.ts';
import { isLoopback, OIDC_PROVIDER, TOKEN_AUDIENCE, withHost } from './settings.ts';
import type { AuthSettings } from './settings.ts';

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;

const CLOSED = {
	code: 'REGISTRATION_CLOSED',
	message: 'New accounts are by invitation only. Ask an admin of the workspace for a link.'
};
const UNKNOWN_DAYS = { code: 'INVITATION_DAYS_NOT_OFFERED', message: 'An invitation works for 1, 7 or 30 days.' };
const UNKNOWN_ROLE = { code: 'ROLE_NOT_FOUND', message: 'There is no such role.' };

/**
 * Endpoints that are not offered: pages read these lists live and with the rights of the person, and sessions are ended
 * by sessions.ts, because these endpoints give and want the tokens of sessions.
 */
const DISABLED_PATHS = [
	'/list-sessions',
	'/revoke-session',
	'/revoke-sessions',
	'/revoke-other-sessions',
	'/organization/list-invitations',
	'/organization/get-full-organization',
	'/organization/list-members',
	'/organization/delete',
	'/delete-user',
	// API tokens are made, checked and revoked by apiKeys.ts.
	'/api-key/create',
	'/api-key/get',
	'/api-key/update',
	'/api-key/delete',
	'/api-key/list',
	'/api-key/verify'
];
/** Paths before which the services that people sign in with must be known: finding out asks the OIDC provider. */
const SERVICE_PATHS = /^\/(?:sign-in\/social|callback\/|link-social|unlink-account|list-accounts)/;
const INVITE_PATH = '/organization/invite-member';
/** Asked for with every page; what they cost is one look at the session. */
const UNLIMITED_PATHS = ['/get-session', '/token', '/jwks'];

/** Of one client. Somebody who mistypes is not stopped at the third attempt. */
const PASSWORD_ATTEMPTS = { window: MINUTE_S, max: 10 };

/** What the options need from the deployment. */
export interface AuthBackend {
	readonly database: NonNullable<BetterAuthOptions['database']>;
	/** Sends a letter soon. Must take as long whether there is somebody to write to or not. */
	readonly send: (letter: Letter) => Promise<void>;
	/** See registration.isInvited. */
	readonly isInvited: (email: string, invitationId: string | null) => Promise<boolean>;
	/** Writes the audit log. */
	readonly record: RecordDeed;
	/** Keeps a signing key unless there is one besides those that cannot be opened; gives the one in force. */
	readonly keepKey: (made: NewKey, unopened: string[]) => Promise<KeptKey>;
}

interface NewKey {
	readonly publicKey: string;
	readonly privateKey: string;
	readonly alg?: string;
	readonly crv?: string;
	readonly createdAt: number;
}
type KeptKey = Pick<NewKey, 'publicKey' | 'privateKey' | 'createdAt'> & { readonly id: string };

const signUpBody = z.object({ email: z.string(), invitationId: z.string().nullish() });

/**
 * The options for a request to `path` (below `/api/auth`) with that query. The plugin knows one lifetime for all
 * invitations, new and renewed; `?days=` of a request to invite says which one that is (lib/config/invitation.ts).
 */
export function authOptions(settings: AuthSettings, backend: AuthBackend, path: string, query: URLSearchParams) {
	const { url, openRegistration, github, google, oidc } = settings;
	const link = (page: string, query: Record<string, string> = {}) => {
		return `${new URL(page, url).href}${Object.keys(query).length > 0 ? `?${new URLSearchParams(query)}` : ''}`;
	};
	const mayRegister = async (email: string, verified: boolean, invitationId: string | null) => {
		if (openRegistration) return true;
		if (!verified && invitationId === null) return false;
		return await backend.isInvited(email.toLowerCase(), verified ? null : invitationId);
	};
	const asksServices = SERVICE_PATHS.test(path);
	const askedDays = invitationDays(query.get('days'));
	const days = askedDays ?? USUAL_INVITATION_DAYS;

	return {
		appName: 'Plumbline',
		baseURL: url.origin,
		basePath: '/api/auth',
		secret: settings.secret,
		database: backend.database,
		trustedOrigins: [...settings.origins],
		telemetry: { enabled: false },
		logger: { level: 'error', log: (level, message) => console[level](message) },
		disabledPaths: DISABLED_PATHS,
		onAPIError: { errorURL: link('/sign-in') },
		advanced: {
			cookiePrefix: 'plumbline',
			useSecureCookies: url.protocol === 'https:',
			disableOriginCheck: false,
			ipAddress: { ipAddressHeaders: ['x-plumbline-client'] },
			// Ids are made by the tables.
			database: { joins: true, generateId: false }
		},
		user: {
			...CORE_NAMES.user,
			changeEmail: { enabled: true },
			validateUserInfo: async ({ user, source }, ctx) => {
				if (source.action !== 'create-user') return;
				const body = signUpBody.safeParse(ctx.body);
				const verified = source.method === 'oauth' && user.emailVerified === true;
				const invitationId = body.success ? (body.data.invitationId ?? null) : null;
				if (await mayRegister(user.email ?? '', verified, invitationId)) return;
				return { error: CLOSED.code, errorDescription: CLOSED.message };
			}
		},
		databaseHooks: {
			user: {
				update: {
					// The link that changes an address was in a letter to the new one.
					before: async ({ email }, ctx) =>
						ctx?.path === '/verify-email' && email ? { data: { emailVerified: true } } : undefined
				}
			}
		},
		// No copy of the session in a cookie: what is revoked is over with the next request.
		session: { ...CORE_NAMES.session, expiresIn: 14 * DAY_S, updateAge: DAY_S },
		// Accounts of two services are one person only where both have verified the address (Better Auth's default).
		account: { ...CORE_NAMES.account, encryptOAuthTokens: true },
		// Whoever reads the database finds no reset link that works.
		verification: { ...CORE_NAMES.verification, storeIdentifier: 'hashed' },
		rateLimit: {
			...CORE_NAMES.rateLimit,
			enabled: true,
			storage: 'database',
			window: MINUTE_S,
			max: 200,
			customRules: {
				'/sign-in/email': PASSWORD_ATTEMPTS,
				...Object.fromEntries(UNLIMITED_PATHS.map((unlimited) => [unlimited, false as const]))
			}
		},
		emailAndPassword: {
			enabled: true,
			minPasswordLength: PASSWORD_LENGTH.min,
			maxPasswordLength: PASSWORD_LENGTH.max,
			resetPasswordTokenExpiresIn: HOUR_S,
			revokeSessionsOnPasswordReset: true,
			sendResetPassword: ({ user, token }) => backend.send(resetLetter(user.email, link('/reset-password', { token })))
		},
		emailVerification: {
			expiresIn: HOUR_S,
			sendVerificationEmail: ({ user, token }) =>
				backend.send(verifyLetter(user.email, link('/verify-email', { token })))
		},
		socialProviders: { ...(github && { github }), ...(google && { google }) },
		hooks: {
			before: createAuthMiddleware(async (ctx) => {
				if (ctx.path === INVITE_PATH && askedDays === undefined) throw new APIError('BAD_REQUEST', UNKNOWN_DAYS);
				if (ctx.path !== '/sign-up/email') return;
				// Before the address is looked up: whoever may not register learns of nobody's account.
				const body = signUpBody.safeParse(ctx.body);
				if (body.success && (await mayRegister(body.data.email, false, body.data.invitationId ?? null))) return;
				throw new APIError('FORBIDDEN', CLOSED);
			})
		},
		plugins: [
			organization({
				ac,
				roles,
				creatorRole: 'owner',
				schema: PLUGIN_NAMES.organization,
				disableOrganizationDeletion: true,
				organizationLimit: 20,
				membershipLimit: 1_000,
				invitationExpiresIn: days * DAY_S,
				cancelPendingInvitationsOnReInvite: true,
				// Elsewhere who has an address was invited by it; where all may register, they must show that it is theirs.
				requireEmailVerificationOnInvitation: openRegistration,
				sendInvitationEmail: ({ id, email, role, organization: workspace, inviter }) =>
					backend.send(
						invitationLetter({
							to: email,
							link: link(`/invite/${id}`),
							inviter: inviter.user.name,
							workspace: workspace.name,
							role,
							time: daysInWords(days)
						})
					),
				organizationHooks: {
					beforeCreateInvitation: async ({ invitation }) => {
						if (!isRole(invitation.role)) throw new APIError('BAD_REQUEST', UNKNOWN_ROLE);
					},
					beforeUpdateMemberRole: async ({ newRole }) => {
						if (!isRole(newRole)) throw new APIError('BAD_REQUEST', UNKNOWN_ROLE);
					}
				}
			}),
			passkey({
				schema: PLUGIN_NAMES.passkey,
				rpName: 'Plumbline',
				// A passkey belongs to a name; addresses are none.
				rpID: isLoopback(url) ? 'localhost' : url.hostname,
				origin: isLoopback(url) ? withHost(url, 'localhost') : url.origin
			}),
			twoFactor({ schema: PLUGIN_NAMES.twoFactor, issuer: 'Plumbline', allowPasswordless: true }),
			codesCountOnce(),
			jwt({
				schema: PLUGIN_NAMES.jwt,
				disableSettingJwtHeader: true,
				jwks: { keyPairConfig: { alg: 'ES256' } },
				jwt: {
					issuer: settings.siteUrl,
					audience: TOKEN_AUDIENCE,
					expirationTime: '10m',
					definePayload: ({ session }) => ({ sid: session.id })
				},
				adapter: signingKeys(settings.secret, backend)
			}),
			...(oidc && asksServices
				? [
						genericOAuth({
							config: [
								{
									providerId: OIDC_PROVIDER,
									name: oidc.name,
									discoveryUrl: `${oidc.issuer}/.well-known/openid-configuration`,
									clientId: oidc.clientId,
									clientSecret: oidc.clientSecret,
									scopes: ['openid', 'email', 'profile'],
									requireIdTokenVerification: true
								}
							]
						})
					]
				: []),
			// Last: it tells what the others have let happen.
			auditPlugin(backend.record)
		]
	} satisfies BetterAuthOptions;
}
