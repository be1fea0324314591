/** Roles as pages show them, and who may give which. */
import { ROLES, type Role } from '../../config/permissions.ts';

export const ROLE_NAMES: Readonly<Record<Role, string>> = {
	owner: 'Owner',
	admin: 'Admin',
	editor: 'Editor',
	viewer: 'Viewer'
};

/** The roles that somebody of this role may give, the least first: only an owner makes owners. */
export function grantableBy(role: Role): Role[] {
	return ROLES.filter((one) => one !== 'owner' || role === 'owner').toReversed();
}

/** Whether somebody of this role may change or remove a member of the other: owners answer to owners only. */
export function mayGovern(role: Role, other: Role): boolean {
	return other !== 'owner' || role === 'owner';
}
