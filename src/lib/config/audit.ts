/**
 * What the audit log can say: the closed list of deeds, each with the words that follow the actor's name. The backend's
 * validator, the page and its filter read it.
 */
export const AUDIT_ACTIONS = {
	'signIn.succeeded': { group: 'Sign-in', title: 'signed in' },
	'signIn.failed': { group: 'Sign-in', title: 'failed to sign in' },
	'signIn.ended': { group: 'Sign-in', title: 'signed out' },
	'session.revoked': { group: 'Sign-in', title: 'ended a session' },
	'account.made': { group: 'Sign-in', title: 'made an account' },
	'account.deleted': { group: 'Sign-in', title: 'deleted the account' },
	'password.changed': { group: 'Sign-in', title: 'changed the password' },
	'password.resetAsked': { group: 'Sign-in', title: 'asked for a new password' },
	'password.reset': { group: 'Sign-in', title: 'set a new password by a reset link' },
	'email.changed': { group: 'Sign-in', title: 'changed the e-mail address' },
	'email.verified': { group: 'Sign-in', title: 'verified the e-mail address' },
	'twoFactor.on': { group: 'Sign-in', title: 'turned two-factor sign-in on' },
	'twoFactor.off': { group: 'Sign-in', title: 'turned two-factor sign-in off' },
	'passkey.added': { group: 'Sign-in', title: 'added a passkey' },
	'passkey.removed': { group: 'Sign-in', title: 'removed a passkey' },
	'provider.linked': { group: 'Sign-in', title: 'linked a sign-in provider' },
	'provider.unlinked': { group: 'Sign-in', title: 'unlinked a sign-in provider' },
	'workspace.made': { group: 'Workspace', title: 'made the workspace' },
	'workspace.renamed': { group: 'Workspace', title: 'renamed the workspace' },
	'workspace.deleted': { group: 'Workspace', title: 'deleted the workspace' },
	'invitation.made': { group: 'Members', title: 'invited somebody' },
	'invitation.accepted': { group: 'Members', title: 'accepted an invitation' },
	'invitation.declined': { group: 'Members', title: 'declined an invitation' },
	'invitation.revoked': { group: 'Members', title: 'revoked an invitation' },
	'member.roleChanged': { group: 'Members', title: 'changed a role' },
	'member.removed': { group: 'Members', title: 'removed a member' },
	'member.left': { group: 'Members', title: 'left the workspace' },
	'ownership.transferred': { group: 'Members', title: 'transferred the ownership' },
	'connection.made': { group: 'Connections', title: 'connected a service' },
	'connection.renamed': { group: 'Connections', title: 'renamed a connection' },
	'connection.credentialsChanged': { group: 'Connections', title: 'changed the credentials of a connection' },
	'connection.hostChanged': { group: 'Connections', title: 'moved a connection to another address' },
	'connection.settingsChanged': { group: 'Connections', title: 'changed the settings of a connection' },
	'connection.scheduleChanged': { group: 'Connections', title: 'changed the schedule of a connection' },
	'connection.paused': { group: 'Connections', title: 'paused a connection' },
	'connection.resumed': { group: 'Connections', title: 'resumed a connection' },
	'connection.disconnected': { group: 'Connections', title: 'disconnected a service and kept its data' },
	'connection.deleted': { group: 'Connections', title: 'disconnected a service and deleted its data' },
	'secrets.rotated': { group: 'Secrets', title: 'changed the key that encrypts credentials' },
	'secrets.unreadable': { group: 'Secrets', title: 'could not decrypt credentials' },
	'oauthApp.set': { group: 'Secrets', title: 'set the OAuth client of a provider' },
	'oauthApp.removed': { group: 'Secrets', title: 'removed the OAuth client of a provider' },
	'token.made': { group: 'Tokens', title: 'made an API token' },
	'token.revoked': { group: 'Tokens', title: 'revoked an API token' },
	'audit.exported': { group: 'Exports', title: 'exported the audit log' }
} as const;

export type AuditAction = keyof typeof AUDIT_ACTIONS;

/** Whether a text, from a URL say, is an action of the list. */
export function isAuditAction(text: string): text is AuditAction {
	return Object.hasOwn(AUDIT_ACTIONS, text);
}
