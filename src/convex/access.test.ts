// @vitest-environment node
import { ConvexError, v } from 'convex/values';
import type { Value } from 'convex/values';
import { makeFunctionReference } from 'convex/server';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { allows, ROLES } from '../lib/config/permissions.ts';
import type { Right, Role } from '../lib/config/permissions.ts';
import { api } from './_generated/api.js';
import type { TableNames } from './_generated/dataModel.js';
import { API_ROWS, argumentsFor, FUNCTION_ROWS, ROUTE_ROWS, STRANGE_IDS, takesId } from './accessMatrix.testing.ts';
import { as, connectSample, deployEmpty, makeWorkspace, modules, settle, signIn } from './harness.testing.ts';
import type { Deployment, SignedIn } from './harness.testing.ts';
import { API_ROUTES } from './http/api.ts';
import { requirementOf } from './lib/access.ts';
import schema from './schema.ts';

interface PublicFunction {
	readonly name: string;
	readonly type: 'query' | 'mutation' | 'action';
	readonly registered: object;
	readonly args: unknown;
}

/** Every public function of every module, found by loading them, not by a list. */
async function publicFunctions(): Promise<PublicFunction[]> {
	const found: PublicFunction[] = [];
	for (const [path, load] of Object.entries(modules)) {
		if (path.includes('_generated')) continue;
		const exported: unknown = await load();
		for (const [name, value] of Object.entries(exported ?? {})) {
			if (typeof value !== 'function' || !('isPublic' in value)) continue;
			const type = 'isQuery' in value ? 'query' : 'isMutation' in value ? 'mutation' : 'action';
			const args = partOf(value, 'exportArgs');
			found.push({ name: `${path.slice(2, -3)}:${name}`, type, registered: value, args });
		}
	}
	return found;
}

function partOf(registered: object, member: 'exportArgs' | 'exportReturns'): unknown {
	const method: unknown = Reflect.get(registered, member);
	if (typeof method !== 'function') throw new Error(`There is no ${member}.`);
	return JSON.parse(String(method.call(registered)));
}

async function call(t: Deployment, { name, type }: PublicFunction, args: Record<string, Value>): Promise<unknown> {
	try {
		if (type === 'query') return await t.query(makeFunctionReference<'query'>(name), args);
		if (type === 'mutation') return await t.mutation(makeFunctionReference<'mutation'>(name), args);
		return await t.action(makeFunctionReference<'action'>(name), args);
	} catch (error) {
		return error instanceof ConvexError ? { thrown: error.data } : { broke: String(error) };
	}
}

const all = await publicFunctions();

describe('every public function', () => {
	test('has its row in the matrix, and says the same', () => {
		const found = Object.fromEntries(all.map(({ name, registered }) => [name, requirementOf(registered)]));
		expect(found).toEqual(FUNCTION_ROWS);
	});

	test.each(all)('$name says what it takes and gives, and takes ids as text', ({ registered, args }) => {
		expect(args).toMatchObject({ type: 'object' });
		const returns = partOf(registered, 'exportReturns');
		expect(returns).not.toBe(null);
		expect(returns).not.toMatchObject({ type: 'any' });
		expect(JSON.stringify(args)).not.toContain('"type":"id"');
	});

	test('made without the helper is noticed', async () => {
		const { query } = await import('./_generated/server.js');
		expect(requirementOf(query({ args: {}, returns: v.null(), handler: async () => null }))).toBe(null);
	});
});

/** A workspace with everything in it, where every name holds the same word. */
async function fill(t: Deployment, word: string) {
	const workspaceId = await makeWorkspace(t, `Workspace of ${word}`);
	const people = new Map<Role, SignedIn>();
	for (const role of ROLES) people.set(role, await signIn(t, { workspaceId, role }, `${role} ${word}`));
	const personOf = (role: Role): SignedIn => {
		const person = people.get(role);
		if (!person) throw new Error(`There is no ${role}.`);
		return person;
	};
	const owner = personOf('owner');
	const { connectionId, dashboardId } = await connectSample(owner.caller);
	await settle(t);
	await owner.caller.mutation(api.connectionRecords.rename, { connectionId, name: `Connection of ${word}` });
	await owner.caller.mutation(api.dashboards.rename, { dashboardId, name: `Dashboard of ${word}` });
	const key = { name: `Token of ${word}`, scopes: ['numbers:read' as const], expiresInDays: null };
	const { id: tokenId } = await owner.caller.action(api.apiKeys.create, key);
	const rows = await t.run(async (ctx) => {
		const invitation = { workspaceId, email: `guest@${word}.example`, role: 'viewer', status: 'pending' };
		const times = { expiresAt: Date.now() + 1e9, createdAt: Date.now() };
		const invitationId = await ctx.db.insert('invitations', { ...invitation, inviterId: owner.userId, ...times });
		const run = await ctx.db
			.query('syncRuns')
			.withIndex('by_connectionId_startedAt', (q) => q.eq('connectionId', connectionId))
			.first();
		const series = await ctx.db
			.query('series')
			.withIndex('by_connectionId_metricId_dimension', (q) => q.eq('connectionId', connectionId))
			.first();
		if (!run || !series || !owner.memberId) throw new Error('The workspace is not full.');
		return { invitationId, runId: run._id, seriesId: series._id, memberId: owner.memberId };
	});
	const { userId, sessionId } = owner;
	const ids: Record<string, string> = { workspaceId, connectionId, dashboardId, tokenId, ...rows, userId, sessionId };
	return { workspaceId, personOf, ids };
}

/** Two full workspaces, people of the first in every role, and people who should have no business anywhere. */
async function makeWorld() {
	const t = deployEmpty();
	const own = await fill(t, 'Aurora');
	const foreign = await fill(t, 'Borealis');
	const owner = own.personOf('owner');
	const stranger = await signIn(t, undefined, 'Stranger');
	const inAurora = { workspaceId: own.workspaceId, role: 'owner' };
	const ended = await signIn(t, inAurora, 'Ended');
	const expired = await signIn(t, inAurora, 'Expired');
	const removed = await signIn(t, inAurora, 'Removed');
	const unknownRole = await signIn(t, { ...inAurora, role: 'member' }, 'Unknown');
	const manyRoles = await signIn(t, { ...inAurora, role: 'owner,admin' }, 'Many');
	const lost = await signIn(t, undefined, 'Lost');
	await t.run(async (ctx) => {
		await ctx.db.delete('sessions', ended.sessionId);
		await ctx.db.patch('sessions', expired.sessionId, { expiresAt: Date.now() });
		if (removed.memberId) await ctx.db.delete('members', removed.memberId);
		await ctx.db.patch('sessions', lost.sessionId, { activeWorkspaceId: own.workspaceId });
	});
	const sid = (subject: string, id: string) => {
		return t.withIdentity({ subject, issuer: 'https://plumbline.test', sid: id });
	};
	/** Nobody, in every form. */
	const nobodies: Record<string, Deployment> = {
		nobody: t,
		'an ended session': ended.caller,
		'an expired session': expired.caller,
		'the session of somebody else': as(t, { userId: stranger.userId, sessionId: owner.sessionId }),
		'a token without a session': t.withIdentity({ subject: owner.userId, issuer: 'https://plumbline.test' }),
		'an id of another table as session': sid(owner.userId, owner.userId),
		'a forged session': sid(owner.userId, 'forged'),
		'a session called __proto__': sid(owner.userId, '__proto__'),
		'a session of 1 MB': sid(owner.userId, 'a'.repeat(1_000_000))
	};
	/** Somebody, who belongs nowhere. */
	const strangers: Record<string, Deployment> = {
		'a stranger': stranger.caller,
		'a removed member': removed.caller,
		'a member with an unknown role': unknownRole.caller,
		'a member with two roles': manyRoles.caller,
		'somebody whose active workspace is not theirs': lost.caller
	};
	const gone = await t.run(async (ctx) => {
		const id = await ctx.db.insert('dashboards', { workspaceId: own.workspaceId, name: 'Gone', connectionIds: [] });
		await ctx.db.delete('dashboards', id);
		return id;
	});
	return { t, own, foreign, owner, nobodies, strangers, gone };
}

/** Everything that is stored, as text. */
async function everything(t: Deployment): Promise<string> {
	return await t.run(async (ctx) => {
		const tables = Object.keys(schema.tables).filter((name): name is TableNames => name in schema.tables);
		const held = await Promise.all(tables.map(async (name) => [name, await ctx.db.query(name).collect()]));
		return JSON.stringify([held, await ctx.db.system.query('_scheduled_functions').collect()]);
	});
}

describe('the matrix', () => {
	let world: Awaited<ReturnType<typeof makeWorld>>;
	beforeAll(async () => {
		world = await makeWorld();
	}, 60_000);
	afterAll(() => {
		vi.useRealTimers();
		vi.unstubAllEnvs();
	});

	/** Calls and gives the answer, after it is sure that nothing was written. */
	async function without<Answer>(writing: () => Promise<Answer>): Promise<Answer> {
		const before = await everything(world.t);
		const answer = await writing();
		expect((await everything(world.t)) === before, 'something was written').toBe(true);
		return answer;
	}
	const idsOf = (side: 'own' | 'foreign') => (name: string) => world[side].ids[name] ?? world.gone;
	const rightful = all.filter(({ name }) => FUNCTION_ROWS[name] !== 'account');
	const rightOf = ({ name }: PublicFunction): Right => {
		const row = FUNCTION_ROWS[name];
		if (row === undefined || row === 'account') throw new Error(`${name} needs no right.`);
		return row;
	};

	test.each(all)('$name tells nobody anything and does nothing for them', async (target) => {
		await without(async () => {
			const absent = await call(
				world.t,
				target,
				argumentsFor(target.args, () => world.gone)
			);
			if (target.type !== 'query')
				expect(absent).toEqual({ thrown: { kind: 'signed_out', message: expect.any(String) } });
			for (const [who, caller] of Object.entries(world.nobodies)) {
				for (const idFor of [idsOf('own'), idsOf('foreign'), () => world.gone]) {
					expect(await call(caller, target, argumentsFor(target.args, idFor)), who).toEqual(absent);
				}
			}
		});
	});

	test.each(all)('$name tells strangers nothing of a workspace and does nothing to it', async (target) => {
		await without(async () => {
			for (const [who, caller] of Object.entries(world.strangers)) {
				const absent = await call(
					caller,
					target,
					argumentsFor(target.args, () => world.gone)
				);
				if (target.type !== 'query' && FUNCTION_ROWS[target.name] !== 'account') {
					expect(absent, who).toMatchObject({ thrown: { kind: 'no_workspace' } });
				}
				for (const idFor of [idsOf('own'), idsOf('foreign')]) {
					const answer = await call(caller, target, argumentsFor(target.args, idFor));
					expect(answer, who).toEqual(absent);
					expect(JSON.stringify(answer), who).not.toMatch(/Aurora|Borealis/i);
				}
			}
		});
	});

	test.each(all.filter(({ args }) => takesId(args)))(
		'$name answers ids of another workspace like ids that do not exist',
		async (target) => {
			await without(async () => {
				const absent = await call(
					world.owner.caller,
					target,
					argumentsFor(target.args, () => world.gone)
				);
				const notFound = { thrown: { kind: 'not_found', message: expect.any(String) } };
				expect([null, { page: [], isDone: true, continueCursor: '' }, notFound]).toContainEqual(absent);
				for (const id of [...STRANGE_IDS, ...Object.values(world.foreign.ids)]) {
					const answer = await call(
						world.owner.caller,
						target,
						argumentsFor(target.args, () => id)
					);
					expect(answer, id.slice(0, 40)).toEqual(absent);
				}
			});
		}
	);

	test.each(all)('$name does not take a thing that is no text for an id', async (target) => {
		if (!takesId(target.args)) return;
		await without(async () => {
			const args = argumentsFor(target.args, () => world.gone);
			for (const [name, value] of Object.entries(args)) {
				if (value !== world.gone) continue;
				for (const odd of [null, 7, {}, [world.gone], true]) {
					expect(await call(world.owner.caller, target, { ...args, [name]: odd })).toEqual({
						broke: expect.stringMatching(/validat/i)
					});
				}
			}
		});
	});

	test.each(rightful)('$name is refused to exactly the roles that lack the right', async (target) => {
		const right = rightOf(target);
		const nothing = await call(world.t, target, argumentsFor(target.args, idsOf('own')));
		for (const role of ROLES) {
			const { caller } = world.own.personOf(role);
			if (!allows(role, right)) {
				const answer = await without(() => call(caller, target, argumentsFor(target.args, idsOf('own'))));
				if (target.type === 'query') expect(answer, role).toEqual(nothing);
				else expect(answer, role).toEqual({ thrown: { kind: 'forbidden', message: expect.any(String) } });
			} else if (target.type === 'query') {
				expect(await call(caller, target, argumentsFor(target.args, idsOf('own'))), role).not.toEqual(nothing);
			} else {
				const answer = await call(
					caller,
					target,
					argumentsFor(target.args, () => world.gone)
				);
				expect(answer, role).not.toMatchObject({ thrown: { kind: 'forbidden' } });
				expect(Object(answer), role).not.toHaveProperty('broke');
			}
		}
	});

	test.each(all.filter(({ type }) => type === 'query'))('$name shows nothing of another workspace', async (target) => {
		for (const role of ROLES) {
			const { caller } = world.own.personOf(role);
			for (const idFor of [idsOf('own'), idsOf('foreign')]) {
				const answer = JSON.stringify(await call(caller, target, argumentsFor(target.args, idFor)));
				expect(answer).not.toMatch(/Borealis/i);
				for (const id of Object.values(world.foreign.ids)) expect(answer).not.toContain(id);
			}
		}
	});

	test('no answer holds a hash, a token of a session or a sealed secret', async () => {
		const secrets = await world.t.run(async (ctx) => [
			...(await ctx.db.query('sessions').collect()).map((row) => row.token),
			...(await ctx.db.query('apiKeys').collect()).map((row) => row.key),
			...(await ctx.db.query('credentials').collect()).map((row) => row.sealed)
		]);
		expect(secrets.length).toBeGreaterThan(10);
		for (const target of all.filter(({ type }) => type === 'query')) {
			const answer = JSON.stringify(await call(world.owner.caller, target, argumentsFor(target.args, idsOf('own'))));
			for (const secret of secrets) expect(answer, target.name).not.toContain(secret);
		}
	});
});

describe('every HTTP route', () => {
	test('of the deployment has its row', async () => {
		const { default: http } = await import('./http.ts');
		const found = http.getRoutes().map(([path, method]) => `${method} ${path}`);
		expect(found.toSorted()).toEqual(Object.keys(ROUTE_ROWS).toSorted());
	});

	test('of the API has its row', () => {
		const found = Object.fromEntries(API_ROUTES.map(({ method, path, scope }) => [`${method} ${path}`, scope]));
		expect(found).toEqual(API_ROWS);
	});
});

test('internal functions are not public', () => {
	const modulesOfPublic = new Set(all.map(({ name }) => name.split(':')[0]));
	for (const module of ['slices', 'schedule', 'danger', 'connectionStore', 'metrics', 'http/answers', 'auth/store']) {
		expect(modulesOfPublic).not.toContain(module);
	}
});
