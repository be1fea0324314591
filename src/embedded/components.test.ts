/** Components of the app's own, three deep and mounted twice, through the unmodified CLI and client. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { DeployedApp, FAST } from './deployedApp.testing.ts';
import { PATIENT } from './patience.testing.ts';

let app: DeployedApp;

beforeAll(async () => {
	app = await DeployedApp.start('components');
	await app.setVariables({ GREETING: 'hello', SECRET: 'of the app' });
	// With types: what is generated for the components must fit the code that uses it.
	expect(await app.convex('dev', '--once')).toContain('Installed component second/inner/innermost.');
}, 120_000);

afterAll(() => app?.close());

describe('instances of one definition', () => {
	test('have tables of their own', async () => {
		expect(await app.mutation('app:add', { which: 'counter', name: 'apart' })).toBe(2);
		expect(await app.mutation('app:add', { which: 'counter', name: 'apart' })).toBe(4);
		expect(await app.mutation('app:add', { which: 'second', name: 'apart' })).toBe(1);
		expect(await app.query('app:get', { which: 'counter', name: 'apart' })).toBe(4);
		expect(await app.query('app:get', { which: 'second', name: 'apart' })).toBe(1);
	});

	test('know what their parent gives them, and nothing of the deployment', async () => {
		const counter = { step: '2', greeting: 'hello', secret: null };
		expect(await app.query('app:inside', { which: 'counter' })).toMatchObject({ variables: counter });
		expect(await app.query('app:inside', { which: 'second' })).toMatchObject({
			variables: { step: null, greeting: null, secret: null }
		});
		expect(await app.query('app:greeting', { which: 'counter' })).toEqual({ typed: 'hello', plain: 'hello' });
		await app.setVariables({ GREETING: 'good morning' });
		expect(await app.query('app:greeting', { which: 'counter' })).toEqual({
			typed: 'good morning',
			plain: 'good morning'
		});
		expect(await app.query('app:greeting', { which: 'second' })).toEqual({ typed: null, plain: null });
	});

	test('know their names', async () => {
		const name = 'counters:inside';
		expect(await app.query('app:inside', { which: 'second' })).toMatchObject({ componentPath: 'second', name });
		expect(await app.query('app:outside')).toMatchObject({ componentPath: '', name: 'app:outside' });
	});

	test('read live: a subscription of the app follows a table of a component', async () => {
		const live = { which: 'second', name: 'live' };
		const seen = app.live('app:get', live);
		await vi.waitFor(() => expect(seen).toEqual([0]), PATIENT);
		await app.mutation('app:add', { which: 'counter', name: 'live' });
		await app.mutation('app:add', live);
		await vi.waitFor(() => expect(seen).toEqual([0, 1]), PATIENT);
	});
});

describe('a call into a component', () => {
	const state = async (name: string) => [
		await app.query('app:get', { which: 'counter', name }),
		await app.query('app:counters', { name })
	];

	test.each([
		{ name: 'caught', caught: true, stays: [2, 1] },
		{ name: 'thrown', caught: false, stays: [0, 0] }
	])('that fails is undone alone when its error is $name', async ({ name, caught, stays }) => {
		const outcome = await app.mutation('app:failing', { name, caught }).catch((error: unknown) => error);
		const data = { refused: name, big: 12n };
		if (caught) expect(outcome).toEqual(data);
		else expect(outcome).toMatchObject({ data });
		expect(await state(name)).toEqual(stays);
	});

	test('is undone with its caller', async () => {
		await expect(app.mutation('app:failing', { name: 'later', caught: true, then: 'at last' })).rejects.toThrow(
			'at last'
		);
		expect(await state('later')).toEqual([0, 0]);
	});

	test('goes three deep, and each level is undone with those below it', async () => {
		expect(await app.mutation('app:deep', { text: 'one', fail: false })).toBeNull();
		expect(await app.mutation('app:deep', { text: 'two', fail: true })).toEqual({ text: 'two, failed', big: 3n });
		const stayed = { inner: ['one', 'two'], innermost: ['one', 'two'] };
		expect(await app.query('app:notes', { which: 'counter' })).toEqual(stayed);
		expect(await app.query('app:notes', { which: 'second' })).toEqual({ inner: [], innermost: [] });
		expect(await app.query('app:get', { which: 'counter', name: 'inside' })).toBe(2);
	});

	test('goes eight deep and no deeper', async () => {
		expect(await app.query('app:descend', { levels: 7 })).toBe(7);
		await expect(app.query('app:descend', { levels: 8 })).rejects.toThrow(
			'Cross component call depth limit exceeded. Do you have an infinite loop in your app?'
		);
	});

	test('takes ids as text, which mean something where they come from', async () => {
		const id = z.string().parse(await app.mutation('app:addNote', { text: 'by id' }));
		expect(await app.query('app:note', { which: 'counter', id })).toBe('by id');
		await expect(app.query('app:note', { which: 'counter', id: 'no id' })).rejects.toThrow('ArgumentValidationError');
		// Tables are numbered in each component anew, so the same text may be an id there, of nothing.
		expect(await app.query('app:note', { which: 'second', id })).toBeNull();
	});

	test('cannot paginate', async () => {
		await expect(app.query('app:page')).rejects.toThrow('paginate() is only supported in the app.');
	});

	test('works from an action, whose user stays outside', async () => {
		const { value } = await app.asAdmin('action', 'app:viaAction', { name: 'acted' }, { subject: 'ada' });
		const { stored, ...rest } = z
			.looseObject({ stored: z.object({ id: z.string(), url: z.string(), who: z.null() }) })
			.parse(value);
		expect(rest).toMatchObject({ added: 1, read: 1, who: null, failed: { refused: 'acted' } });
		expect(await (await fetch(stored.url)).text()).toBe('acted');
		expect(await app.query('app:files', { which: 'second' })).toContain(stored.id);
		expect(await app.query('app:files', { which: 'counter' })).not.toContain(stored.id);
		// Within one transaction the backend lets the identity through.
		const within = await app.asAdmin('query', 'app:inside', { which: 'second' }, { subject: 'ada' });
		expect(within.value).toMatchObject({ who: 'ada' });
	});

	test('gives an upload URL into storage of its own', async () => {
		const url = z.string().parse(await app.mutation('app:uploadUrl', { which: 'counter' }));
		const uploaded = await (await fetch(url, { method: 'POST', body: 'bytes' })).json();
		const { storageId } = z.object({ storageId: z.string() }).parse(uploaded);
		expect(await app.query('app:files', { which: 'counter' })).toEqual([storageId]);
		expect(await app.query('app:files', { which: 'second' })).not.toContain(storageId);
	});
});

describe('scheduling', () => {
	const becomes = (which: string, name: string, value: number): Promise<void> =>
		vi.waitFor(async () => expect(await app.query('app:get', { which, name })).toBe(value), PATIENT);

	test('from inside runs inside, and the job is the component’s', async () => {
		const id = z.string().parse(await app.mutation('app:addLater', { name: 'scheduled' }));
		await becomes('counter', 'scheduled', 100);
		expect(await app.query('app:job', { id })).toEqual({ name: 'counters.js:addInternally', kind: 'success' });
		expect(await app.query('app:get', { which: 'second', name: 'scheduled' })).toBe(0);
	});

	test('of a component’s function by the app runs in that component', async () => {
		await app.mutation('app:scheduleInside', { name: 'from outside' });
		await becomes('second', 'from outside', 1);
	});

	test('crons of a component run in each instance', async () => {
		await becomes('counter', 'cron', 100);
		await becomes('second', 'cron', 100);
	});
});

describe('function handles', () => {
	test('lead back to the parent, now and later, and to internal functions of a component', async () => {
		const handle = z.string().parse(await app.mutation('app:handleOfRecord'));
		await app.mutation('app:giveHandle', { handle, text: 'called' });
		expect(await app.query('app:counters', { name: 'called, now' })).toBe(1);
		await vi.waitFor(async () => expect(await app.query('app:counters', { name: 'called, later' })).toBe(1), PATIENT);
		await app.mutation('app:callHandle', { name: 'by handle' });
		expect(await app.query('app:get', { which: 'second', name: 'by handle' })).toBe(100);
	});

	test('that lead nowhere are refused', async () => {
		const giving = (handle: string): Promise<unknown> => app.mutation('app:giveHandle', { handle, text: 'x' });
		await expect(giving('function://;app:nothing')).rejects.toThrow('Function handle not found');
		await expect(giving('function://nowhere;app:record')).rejects.toThrow('Function handle not found');
		await expect(giving('function://?')).rejects.toThrow('Invalid function handle');
	});
});

describe('HTTP', () => {
	test('of a component is served below the prefix of its mount, and of the mounts in it', async () => {
		await app.mutation('app:add', { which: 'counter', name: 'http' });
		const count = await fetch(`${app.deployment.siteUrl}/counter/count?name=http`);
		expect(await count.json()).toEqual({ value: 2, site: `${app.deployment.siteUrl}/counter`, who: null });
		const inner = await fetch(`${app.deployment.siteUrl}/counter/inner/any/thing`);
		expect(await inner.text()).toBe('inner /counter/inner/any/thing');
		expect((await fetch(`${app.deployment.siteUrl}/count`)).status).toBe(404);
		expect((await fetch(`${app.deployment.siteUrl}/second/count`)).status).toBe(404);
	});
});

describe('from outside', () => {
	test('functions of a component are the admin’s only', async () => {
		const admin = await app.asAdmin('query', 'counters:get', { name: 'apart' }, { component: 'counter' });
		expect(admin).toMatchObject({ status: 'success', value: 4 });
		const body = JSON.stringify({ path: 'counters:get', args: { name: 'apart' }, componentPath: 'counter' });
		const response = await fetch(`${app.deployment.url}/api/query`, { method: 'POST', body });
		expect(await response.json()).toMatchObject({
			status: 'error',
			errorMessage: expect.stringContaining("Could not find public function for 'counters:get' in 'counter'.")
		});
		const nowhere = await app.asAdmin('query', 'counters:get', { name: 'x' }, { component: 'nowhere' });
		expect(nowhere.errorMessage).toContain("Component path 'nowhere' not found");
	});

	test('the CLI runs, shows data and logs of a component', { timeout: 60_000 }, async () => {
		expect(await app.convex('run', '--component', 'counter/inner', 'notes:list')).toContain('"by id"');
		expect(await app.convex('data', '--component', 'counter')).toMatch(/^counters$/m);
		expect(await app.convex('data', '--component', 'counter/inner', 'notes')).toContain('"by id"');
		const logs = await fetch(`${app.deployment.url}/api/stream_function_logs?cursor=1`, {
			headers: { authorization: `Convex ${app.deployment.adminKey}` }
		});
		const { entries } = z.object({ entries: z.array(z.unknown()) }).parse(await logs.json());
		expect(entries).toContainEqual(
			expect.objectContaining({ identifier: 'notes:list', componentPath: 'counter/inner', udfType: 'Query' })
		);
		const { code, output: refused } = await app.run('run', '--component', 'nowhere', 'notes:list');
		expect(code, refused).toBe(1);
		expect(refused).toContain('not found');
	});

	test('the generated types name every component, with ids as text', () => {
		const generated = (file: string): string => app.read(`convex/${file}`);
		const api = generated('_generated/api.d.ts');
		for (const name of ['workpool', 'rateLimiter', 'crons', 'aggregate', 'counter', 'second'])
			expect(api).toMatch(new RegExp(`${name}: import\\(.*ComponentApi<"${name}">`));
		expect(generated('counter/_generated/component.ts')).toMatch(
			/addLater: FunctionReference<\s*"mutation",\s*"internal"/
		);
		expect(generated('counter/inner/_generated/component.ts')).toMatch(/"query",\s*"internal",\s*\{ id: string \}/);
	});
});

describe('code generation for one component', { timeout: 60_000 }, () => {
	test('needs nobody who mounts it, and leaves nothing on the deployment', async () => {
		app.write(
			'apart/convex.config.ts',
			`import { defineComponent } from 'convex/server'; import { v } from 'convex/values'; export default defineComponent('apart', { env: { KEY: v.string() } });`
		);
		app.write(
			'apart/things.ts',
			`import { v } from 'convex/values'; import { query } from './_generated/server'; export const one = query({ args: { id: v.id('things') }, returns: v.null(), handler: () => null });`
		);
		await app.convex('codegen', '--component-dir', 'apart', '--typecheck', 'disable');
		expect(app.read('apart/_generated/component.ts')).toMatch(/things:[^]*one: FunctionReference/);
		expect((await app.asAdmin('query', 'things:one', {}, { component: 'apart' })).errorMessage).toContain('not found');
	});
});

describe('time', { timeout: 90_000 }, () => {
	test('a restart keeps tables, handles, files and runtime jobs', async () => {
		const handle = z.string().parse(await app.mutation('app:handleOfRecord'));
		await app.mutation('schedules:register', { name: 'outlives', ms: 1_000 });
		await app.restart();
		expect(await app.query('app:get', { which: 'counter', name: 'apart' })).toBe(4);
		expect(await app.query('app:notes', { which: 'counter' })).toMatchObject({ innermost: ['one', 'two'] });
		await app.mutation('app:giveHandle', { handle, text: 'after' });
		expect(await app.query('app:counters', { name: 'after, now' })).toBe(1);
		await vi.waitFor(async () => expect(await app.query('pool:events', { name: 'outlives' })).not.toEqual([]), PATIENT);
		await app.mutation('schedules:remove', { name: 'outlives' });
	});

	test('an unmounted component keeps its tables, and has them again when it is mounted', async () => {
		const config = app.read('convex/convex.config.ts');
		const handle = z.string().parse(await app.mutation('app:handleOfRecord'));
		app.write('convex/convex.config.ts', config.replace(/^app\.use\(counter, \{ name: 'second' \}\);$/m, ''));
		const unmounted = await app.convex('deploy', '-y', ...FAST);
		expect(unmounted).toContain('Unmounted component second.');
		expect(unmounted).toContain('Unmounted component second/inner/innermost.');
		expect(unmounted).not.toContain('component counter');
		await expect(app.query('app:get', { which: 'second', name: 'apart' })).rejects.toThrow(
			'Child component "second" not found'
		);
		expect((await app.asAdmin('query', 'counters:get', {}, { component: 'second' })).errorMessage).toContain(
			'not found'
		);
		await app.mutation('app:giveHandle', { handle, text: 'across a push' });
		expect(await app.query('app:counters', { name: 'across a push, now' })).toBe(1);
		expect(await app.asAdmin('query', '_system/frontend/components:list', {})).toMatchObject({
			value: expect.arrayContaining([expect.objectContaining({ path: 'second', name: 'second', state: 'unmounted' })])
		});
		app.write('convex/convex.config.ts', config);
		expect(await app.convex('deploy', '-y', ...FAST)).toContain('Remounted component second.');
		expect(await app.query('app:get', { which: 'second', name: 'apart' })).toBe(1);
		expect(await app.mutation('app:add', { which: 'second', name: 'apart' })).toBe(2);
	});
});

test('an import goes into the tables of one instance, mounted or not', { timeout: 60_000 }, async () => {
	app.write('notes.jsonl', JSON.stringify({ text: 'imported' }));
	const into = (component: string) => [
		'import',
		'--component',
		component,
		'--table',
		'notes',
		'--append',
		'notes.jsonl'
	];
	expect(await app.convex(...into('counter/inner'))).toContain('Added 1 documents to table "notes"');
	expect(await app.convex('data', '--component', 'counter/inner', 'notes')).toContain('"imported"');
	expect(await app.convex('data', '--component', 'second/inner', 'notes')).not.toContain('"imported"');
	app.write('notes.jsonl', JSON.stringify({ text: 7 }));
	expect(await app.refused(...into('counter/inner'))).toContain('does not match the schema');
	await app.convex(...into('nowhere'));
	const { value } = await app.asAdmin('query', '_system/frontend/components:list', {});
	expect(value).toContainEqual(expect.objectContaining({ path: 'nowhere', state: 'unmounted' }));
});
