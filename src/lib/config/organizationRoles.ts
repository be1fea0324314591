/**
 * The permission table in the terms of Better Auth's organization plugin: `organization({ ac, roles })`. The plugin
 * asks for its own statements; each follows from a right of ours, so that its endpoints and our functions cannot differ.
 */
import { createAccessControl } from 'better-auth/plugins/access';
import { allows } from './permissions.ts';
import type { Right, Role } from './permissions.ts';

const statements = {
	organization: ['update', 'delete'],
	member: ['create', 'update', 'delete'],
	invitation: ['create', 'cancel']
} as const;

export const ac = createAccessControl(statements);

function roleOf(role: Role) {
	const when = <Action extends string>(right: Right, ...actions: Action[]): Action[] => {
		return allows(role, right) ? actions : [];
	};
	return ac.newRole({
		organization: [...when('workspace:manage', 'update'), ...when('workspace:own', 'delete')],
		member: when('members:manage', 'create', 'update', 'delete'),
		invitation: when('members:manage', 'create', 'cancel')
	});
}

/** Our roles for the plugin, which adds its own `member` to what it accepts: refuse that in a hook (`isRole`). */
export const roles: Record<Role, ReturnType<typeof roleOf>> = {
	owner: roleOf('owner'),
	admin: roleOf('admin'),
	editor: roleOf('editor'),
	viewer: roleOf('viewer')
};
