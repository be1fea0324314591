/** What Better Auth's models and fields are called in our tables. */

/** The options of Better Auth that name its own tables. */
export const CORE_NAMES = {
	user: { modelName: 'users' },
	session: { modelName: 'sessions' },
	account: { modelName: 'accounts' },
	verification: { modelName: 'verifications' },
	rateLimit: { modelName: 'rateLimits' }
} as const;

const ofWorkspace = { organizationId: 'workspaceId' } as const;

/** The `schema` option of each plugin that has tables. */
export const PLUGIN_NAMES = {
	organization: {
		organization: { modelName: 'workspaces' },
		member: { modelName: 'members', fields: ofWorkspace },
		invitation: { modelName: 'invitations', fields: ofWorkspace },
		session: { fields: { activeOrganizationId: 'activeWorkspaceId' } }
	},
	passkey: { passkey: { modelName: 'passkeys' } },
	twoFactor: { twoFactor: { modelName: 'twoFactors' } },
	apiKey: { apikey: { modelName: 'apiKeys' } },
	jwt: { jwks: { modelName: 'jwks' } }
} as const;
