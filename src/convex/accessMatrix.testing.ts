/**
 * What the matrix of access asks, shared by its two forms: on convex-test and on the embedded deployment through the real
 * client. The rows are written by hand, on purpose: a new function or route has none and fails the tests.
 */
import type { Value } from 'convex/values';
import { z } from 'zod';
import type { Scope } from '../lib/config/permissions.ts';
import type { Requirement } from './lib/access.ts';

/** What each public function requires. */
export const FUNCTION_ROWS: Readonly<Record<string, Requirement>> = {
	'account:remove': 'account',
	'account:stakes': 'account',
	'apiKeys:create': 'tokens:manage',
	'apiKeys:list': 'tokens:manage',
	'apiKeys:revoke': 'tokens:manage',
	'audit:actors': 'audit:read',
	'audit:list': 'audit:read',
	'audit:noteExport': 'audit:read',
	'connectionRecords:disconnect': 'connections:write',
	'connectionRecords:get': 'numbers:read',
	'connectionRecords:list': 'numbers:read',
	'connectionRecords:rename': 'connections:write',
	'connectionRecords:setPaused': 'connections:write',
	'connectionRecords:setSchedule': 'connections:write',
	'connections:connect': 'connections:write',
	'connections:testConnection': 'connections:write',
	'connections:updateConnection': 'connections:write',
	'dashboards:get': 'numbers:read',
	'dashboards:list': 'numbers:read',
	'dashboards:rename': 'dashboards:write',
	'dashboards:series': 'numbers:read',
	'invitations:list': 'members:manage',
	'members:list': 'members:read',
	'metricLibrary:list': 'numbers:read',
	'oauth:finish': 'connections:write',
	'oauth:saveApp': 'oauthApps:manage',
	'oauth:start': 'connections:write',
	'oauthApps:list': 'numbers:read',
	'oauthApps:remove': 'oauthApps:manage',
	'sessions:mine': 'account',
	'sessions:revoke': 'account',
	'sessions:revokeOthers': 'account',
	'signInMethods:mine': 'account',
	'signInMethods:offered': 'account',
	'syncRuns:cancel': 'sync:run',
	'syncRuns:list': 'numbers:read',
	'syncRuns:syncNow': 'sync:run',
	'viewer:current': 'account',
	'workspaces:transfer': 'workspace:own'
};

/** Who answers below each path of the deployment's router. */
export const ROUTE_ROWS: Readonly<Record<string, 'api' | 'sign-in'>> = {
	'DELETE /api/v1/*': 'api',
	'GET /api/entry': 'sign-in',
	'POST /api/entry/setup': 'sign-in',
	'GET /api/entry/invitations/*': 'sign-in',
	'GET /api/auth/*': 'sign-in',
	'GET /api/v1/*': 'api',
	'PATCH /api/v1/*': 'api',
	'POST /api/auth/*': 'sign-in',
	'POST /api/v1/*': 'api',
	'PUT /api/v1/*': 'api'
};

/** The scope that each route of the HTTP API requires of a token. */
export const API_ROWS: Readonly<Record<string, Scope>> = {
	'GET /api/v1/connections': 'numbers:read',
	'GET /api/v1/metrics': 'numbers:read',
	'GET /api/v1/series': 'numbers:read',
	'POST /api/v1/connections/:id/sync': 'sync:run'
};

/** Ids that are none, of every kind that somebody may try (B23). */
export const STRANGE_IDS: readonly string[] = [
	'',
	'x',
	'0',
	'__proto__',
	'constructor',
	'toString',
	'../x',
	'𝕬',
	'\u0000',
	'a'.repeat(32),
	'a'.repeat(1_000_000)
];

interface Shape {
	readonly type: string;
	readonly value?: unknown;
}
const shape = z.object({ type: z.string(), value: z.unknown().optional() });
const objectShape = z.object({
	value: z.record(z.string(), z.object({ fieldType: shape, optional: z.boolean() }))
});
const unionShape = z.object({ value: z.array(shape) });
const literalShape = z.object({ value: z.union([z.string(), z.number(), z.boolean()]) });

/** Values that mean something, by the name of the argument; all others follow from the type. */
const KNOWN: Readonly<Record<string, Value>> = {
	integrationId: 'sample',
	name: 'Mine',
	provider: 'google',
	from: '2026-11-01',
	to: '2026-11-23',
	paginationOpts: { numItems: 5, cursor: null }
};

/** Arguments for a function, made from its validator: every id it takes is given by `idFor`, all else is harmless. */
export function argumentsFor(validator: unknown, idFor: (name: string) => string): Record<string, Value> {
	const args: Record<string, Value> = {};
	for (const [name, { fieldType, optional }] of Object.entries(objectShape.parse(validator).value)) {
		const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
		if (known !== undefined) args[name] = known;
		else if (isIdName(name)) args[name] = idFor(name);
		else if (!optional) args[name] = harmless(fieldType);
	}
	return args;
}

/** Whether the function takes an id of something. */
export function takesId(validator: unknown): boolean {
	return Object.keys(objectShape.parse(validator).value).some(isIdName);
}

function isIdName(name: string): boolean {
	return /Id$/.test(name) && !Object.hasOwn(KNOWN, name);
}

function harmless(fieldType: Shape): Value {
	switch (fieldType.type) {
		case 'string':
			return 'text';
		case 'number':
			return 5;
		case 'boolean':
			return true;
		case 'null':
			return null;
		case 'record':
			return {};
		case 'object':
			return argumentsFor(fieldType, () => '');
		case 'array':
			return [harmless(shape.parse(fieldType.value))];
		case 'literal':
			return literalShape.parse(fieldType).value;
		case 'union':
			return harmless(unionShape.parse(fieldType).value[0] ?? { type: 'null' });
		default:
			throw new Error(`The matrix knows no harmless ${fieldType.type}.`);
	}
}
