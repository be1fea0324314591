/**
 * The tables of Better Auth, which alone writes them (through auth/adapter.ts). Its models have other names there:
 * auth/names.ts says which. Dates are ms since the epoch; what Better Auth holds as null is absent here.
 * `tables.test.ts` compares them with what Better Auth says it needs.
 */
import { defineTable } from 'convex/server';
import { v } from 'convex/values';

const text = v.string();
const time = v.number();
const maybe = { text: v.optional(v.string()), time: v.optional(v.number()), number: v.optional(v.number()) };

export const authTables = {
	/** A person. The e-mail is lower case. */
	users: defineTable({
		name: text,
		email: text,
		emailVerified: v.boolean(),
		image: maybe.text,
		twoFactorEnabled: v.optional(v.boolean()),
		createdAt: time,
		updatedAt: time
	}).index('by_email', ['email']),

	/** One browser that is signed in. The cookie carries the token; the JWT of the page carries the id, as `sid`. */
	sessions: defineTable({
		userId: v.id('users'),
		token: text,
		expiresAt: time,
		ipAddress: maybe.text,
		userAgent: maybe.text,
		/** The workspace the person looks at; the first membership counts where it is absent or no longer theirs. */
		activeWorkspaceId: v.optional(v.id('workspaces')),
		createdAt: time,
		updatedAt: time
	})
		.index('by_token', ['token'])
		.index('by_userId', ['userId'])
		.index('by_expiresAt', ['expiresAt']),

	/** A way to sign in: a password (provider `credential`) or an account of another service. */
	accounts: defineTable({
		userId: v.id('users'),
		providerId: text,
		accountId: text,
		accessToken: maybe.text,
		refreshToken: maybe.text,
		idToken: maybe.text,
		accessTokenExpiresAt: maybe.time,
		refreshTokenExpiresAt: maybe.time,
		scope: maybe.text,
		/** A scrypt hash. */
		password: maybe.text,
		createdAt: time,
		updatedAt: time
	})
		.index('by_providerId_accountId', ['providerId', 'accountId'])
		.index('by_accountId', ['accountId'])
		.index('by_userId', ['userId']),

	/** What somebody must show once: reset links, states of sign-in elsewhere, challenges of passkeys. */
	verifications: defineTable({
		identifier: text,
		value: text,
		expiresAt: time,
		/** The id of a row that Better Auth made as a lock: whoever comes second is refused. */
		givenId: maybe.text,
		createdAt: time,
		updatedAt: time
	})
		.index('by_identifier', ['identifier'])
		.index('by_givenId', ['givenId'])
		.index('by_expiresAt', ['expiresAt']),

	/** The key pairs that sign the JWTs of pages; private ones are encrypted with BETTER_AUTH_SECRET. */
	jwks: defineTable({
		publicKey: text,
		privateKey: text,
		alg: maybe.text,
		crv: maybe.text,
		createdAt: time,
		expiresAt: maybe.time
	}),

	/** The tenant. `owner` is `local` in the one that was made before there were accounts. Never deleted. */
	workspaces: defineTable({
		name: text,
		owner: maybe.text,
		slug: maybe.text,
		logo: maybe.text,
		metadata: maybe.text,
		createdAt: maybe.time
	})
		.index('by_owner', ['owner'])
		.index('by_slug', ['slug']),

	/** Who belongs to a workspace, and as what (lib/config/permissions.ts). */
	members: defineTable({ workspaceId: v.id('workspaces'), userId: v.id('users'), role: text, createdAt: time })
		.index('by_workspaceId_userId', ['workspaceId', 'userId'])
		.index('by_userId', ['userId']),

	/** Who is asked to join. `status`: pending, accepted, rejected or canceled; a pending one ends at `expiresAt`. */
	invitations: defineTable({
		workspaceId: v.id('workspaces'),
		email: text,
		role: maybe.text,
		status: text,
		inviterId: v.id('users'),
		expiresAt: time,
		createdAt: time
	})
		.index('by_workspaceId', ['workspaceId'])
		.index('by_email', ['email']),

	passkeys: defineTable({
		userId: v.id('users'),
		name: maybe.text,
		credentialID: text,
		publicKey: text,
		counter: v.number(),
		deviceType: text,
		backedUp: v.boolean(),
		transports: maybe.text,
		aaguid: maybe.text,
		createdAt: maybe.time
	})
		.index('by_credentialID', ['credentialID'])
		.index('by_userId', ['userId']),

	/** TOTP: secret and backup codes are encrypted with BETTER_AUTH_SECRET. */
	twoFactors: defineTable({
		userId: v.id('users'),
		secret: text,
		backupCodes: text,
		verified: v.optional(v.boolean()),
		failedVerificationCount: maybe.number,
		lockedUntil: maybe.time
	})
		.index('by_userId', ['userId'])
		.index('by_secret', ['secret']),

	/** Tokens for programs. `key` is a hash; `referenceId` is whose it is. */
	apiKeys: defineTable({
		configId: text,
		referenceId: text,
		key: text,
		name: maybe.text,
		start: maybe.text,
		prefix: maybe.text,
		enabled: v.optional(v.boolean()),
		permissions: maybe.text,
		metadata: maybe.text,
		lastRequest: maybe.time,
		expiresAt: maybe.time,
		rateLimitEnabled: v.optional(v.boolean()),
		rateLimitTimeWindow: maybe.number,
		rateLimitMax: maybe.number,
		requestCount: maybe.number,
		remaining: maybe.number,
		refillInterval: maybe.number,
		refillAmount: maybe.number,
		lastRefillAt: maybe.time,
		createdAt: time,
		updatedAt: time
	})
		.index('by_key', ['key'])
		.index('by_configId_key', ['configId', 'key'])
		.index('by_referenceId', ['referenceId']),

	/** Attempts of one client at one endpoint. */
	rateLimits: defineTable({ key: text, count: v.number(), lastRequest: time })
		.index('by_key', ['key'])
		.index('by_lastRequest', ['lastRequest'])
};

/** Indexes under which only one row may stand; checked by whatever writes (auth/storeFunctions.ts). */
export const UNIQUE_INDEXES: Readonly<Record<keyof typeof authTables, readonly string[]>> = {
	users: ['by_email'],
	sessions: ['by_token'],
	accounts: ['by_providerId_accountId'],
	verifications: ['by_givenId'],
	jwks: [],
	workspaces: ['by_slug'],
	members: ['by_workspaceId_userId'],
	invitations: [],
	passkeys: ['by_credentialID'],
	twoFactors: ['by_userId'],
	apiKeys: ['by_key'],
	rateLimits: ['by_key']
};
