/**
 * Who may do what: the one table of it. Pages, functions, the organization plugin's access control, API tokens and
 * notes/ACCESS.md all read this file. Pure data and lookups, safe for the browser.
 */

/** From the most to the least. A member has exactly one. */
export const ROLES = ['owner', 'admin', 'editor', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

export const ROLE_TITLES: Readonly<Record<Role, string>> = {
	owner: 'Owner: everything, and the only role that can hand the workspace over',
	admin: 'Admin: people, tokens, settings and everything an editor can do',
	editor: 'Editor: connects services, syncs, changes dashboards',
	viewer: 'Viewer: sees every number and changes nothing'
};

interface RightDefinition {
	/** What it allows, as the end of "may …". */
	readonly title: string;
	readonly roles: readonly Role[];
	/** Whether an API token may carry it as a scope. */
	readonly token: boolean;
}

const everyone = ROLES;
const editors = ['owner', 'admin', 'editor'] as const;
const admins = ['owner', 'admin'] as const;

const RIGHTS = {
	'numbers:read': {
		title: 'see dashboards, metrics, connections and their sync history',
		roles: everyone,
		token: true
	},
	'dashboards:write': { title: 'change dashboards', roles: editors, token: false },
	'connections:write': { title: 'connect, change, pause and disconnect services', roles: editors, token: false },
	'sync:run': { title: 'start and cancel syncs', roles: editors, token: true },
	'members:read': { title: 'see who is in the workspace', roles: everyone, token: false },
	'members:manage': { title: 'invite and remove people and change their roles', roles: admins, token: false },
	'tokens:manage': { title: 'make, see and revoke API tokens', roles: admins, token: false },
	'oauthApps:manage': { title: 'set the client id and secret of OAuth apps', roles: admins, token: false },
	'audit:read': { title: 'read the audit log', roles: admins, token: false },
	'workspace:manage': { title: 'change the name and settings of the workspace', roles: admins, token: false },
	'workspace:own': { title: 'hand the workspace over', roles: ['owner'], token: false }
} as const satisfies Record<string, RightDefinition>;

export type Right = keyof typeof RIGHTS;
/** A right that an API token may carry. */
export type Scope = { [Name in Right]: (typeof RIGHTS)[Name]['token'] extends true ? Name : never }[Right];

const definitions: Readonly<Record<Right, RightDefinition>> = RIGHTS;

/** Every right, in the order in which it is shown. */
export const ALL_RIGHTS: readonly Right[] = Object.keys(RIGHTS).filter(isRight);
/** Every scope of an API token, in the order in which it is shown. */
export const ALL_SCOPES: readonly Scope[] = ALL_RIGHTS.filter(isScope);

function isRight(text: string): text is Right {
	return Object.hasOwn(RIGHTS, text);
}

/** Whether the text names a right that an API token may carry. */
export function isScope(text: string): text is Scope {
	return isRight(text) && definitions[text].token;
}

/** Whether the text names a role. */
export function isRole(text: string): text is Role {
	return ROLES.some((role) => role === text);
}

/** What the right allows, as the end of "may …". */
export function titleOf(right: Right): string {
	return definitions[right].title;
}

/** Whether the role has the right. */
export function allows(role: Role, right: Right): boolean {
	return definitions[right].roles.includes(role);
}

/** Every right of the role. */
export function rightsOf(role: Role): Right[] {
	return ALL_RIGHTS.filter((right) => allows(role, right));
}
