import { expect, test } from 'vitest';
import { grantableBy, mayGovern, ROLE_NAMES } from './roles.ts';
import { ROLES } from '../../config/permissions.ts';

test('only an owner makes owners, and the least comes first', () => {
	expect(grantableBy('owner')).toEqual(['viewer', 'editor', 'admin', 'owner']);
	for (const role of ROLES.filter((one) => one !== 'owner')) {
		expect(grantableBy(role)).toEqual(['viewer', 'editor', 'admin']);
	}
});

test('owners answer to owners only', () => {
	expect(mayGovern('admin', 'owner')).toBe(false);
	expect(mayGovern('owner', 'owner')).toBe(true);
	expect(mayGovern('admin', 'admin')).toBe(true);
});

test('each role has a name', () => {
	expect(Object.keys(ROLE_NAMES)).toEqual([...ROLES]);
});
