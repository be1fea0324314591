import { describe, expect, test } from 'vitest';
import { roles } from './organizationRoles.ts';
import { ALL_RIGHTS, ALL_SCOPES, allows, isRole, isScope, rightsOf, ROLES, titleOf } from './permissions.ts';

describe('the table of permissions', () => {
	test('gives each role everything of the roles below it', () => {
		for (const [index, role] of ROLES.entries()) {
			const below = ROLES[index + 1];
			if (below) expect(rightsOf(role)).toEqual(expect.arrayContaining(rightsOf(below)));
		}
		expect(rightsOf('owner')).toEqual(ALL_RIGHTS);
	});

	test('lets a viewer read and nothing else', () => {
		expect(rightsOf('viewer')).toEqual(['numbers:read', 'members:read']);
	});

	test('keeps what only an owner, only admins and only editors may do', () => {
		const onlyFrom = (right: (typeof ALL_RIGHTS)[number]) => ROLES.filter((role) => allows(role, right)).at(-1);
		expect(Object.fromEntries(ALL_RIGHTS.map((right) => [right, onlyFrom(right)]))).toEqual({
			'numbers:read': 'viewer',
			'members:read': 'viewer',
			'dashboards:write': 'editor',
			'connections:write': 'editor',
			'sync:run': 'editor',
			'members:manage': 'admin',
			'tokens:manage': 'admin',
			'oauthApps:manage': 'admin',
			'audit:read': 'admin',
			'workspace:manage': 'admin',
			'workspace:own': 'owner'
		});
	});

	test('lets a token carry no right over people, tokens, secrets or the workspace', () => {
		expect(ALL_SCOPES).toEqual(['numbers:read', 'sync:run']);
	});

	test('knows neither inherited names nor what Better Auth would call a role', () => {
		for (const name of ['__proto__', 'constructor', 'toString', 'member', 'owner,viewer', '', 'Owner']) {
			expect([isRole(name), isScope(name)]).toEqual([false, false]);
		}
		expect(isScope('members:manage')).toBe(false);
		expect(titleOf('sync:run')).toBe('start and cancel syncs');
	});
});

describe('the organization plugin', () => {
	const asks = [
		[{ organization: ['update'] }, 'workspace:manage'],
		[{ organization: ['delete'] }, 'workspace:own'],
		[{ member: ['create'] }, 'members:manage'],
		[{ member: ['update'] }, 'members:manage'],
		[{ member: ['delete'] }, 'members:manage'],
		[{ invitation: ['create'] }, 'members:manage'],
		[{ invitation: ['cancel'] }, 'members:manage']
	] as const;

	test.each(ROLES)('answers for %s what the table says', (role) => {
		for (const [ask, right] of asks) {
			expect(roles[role].authorize({ ...ask }).success, JSON.stringify(ask)).toBe(allows(role, right));
		}
	});
});
