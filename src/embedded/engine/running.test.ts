import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CallFailed, Corpus } from '../corpus/harness.ts';

let corpus: Corpus;
beforeAll(async () => {
	corpus = await Corpus.start();
});
afterAll(() => corpus.close());

describe('the default runtime', () => {
	it('has the web and not Node', async () => {
		expect(await corpus.query('runtime:globals')).toEqual({
			require: 'undefined',
			Buffer: 'undefined',
			exit: 'undefined',
			url: 'https://example.com/a?b=c',
			text: 'grüße',
			base64: 'x',
			clone: { a: [1] },
			uuid: 36,
			isError: true
		});
	});

	it('stops the clock during a query', async () => {
		expect(await corpus.query('runtime:clock')).toBe(true);
	});

	it('takes bytes from web objects', async () => {
		expect(await corpus.query('runtime:bytes')).toEqual(new TextEncoder().encode('bytes').buffer);
		expect(await corpus.query('runtime:digest', { text: 'abc' })).toBe(
			'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
		);
	});

	it('refuses fetch and timers in queries and mutations', async () => {
		await expect(corpus.query('runtime:fetches')).rejects.toThrow(
			"Can't use fetch() in queries and mutations. Please consider using an action."
		);
		await expect(corpus.mutation('runtime:sleeps')).rejects.toThrow("Can't use setTimeout in queries and mutations.");
	});

	it('writes log lines as Convex does', async () => {
		const { outcome } = await corpus.queryResult('runtime:logs');
		expect(outcome.logLines).toEqual(["[LOG] 'a' 1 { b: [ 2 ] }", "[WARN] 'careful'", "[ERROR] 'shown'"]);
	});
});

describe('failures', () => {
	it('shows the place in the source, without the frames of Convex', async () => {
		const { outcome } = await corpus.queryResult('runtime:deepError');
		expect(outcome.ok).toBe(false);
		if (outcome.ok) return;
		expect(outcome.failure.message).toMatch(
			/^\[Request ID: feedbeef\] Server Error\nUncaught Error: from below\n {4}at thrower \(\.\.\/convex\/runtime\.ts:\d+:\d+\)\n {4}at handler \(\.\.\/convex\/runtime\.ts:\d+:\d+\)\n$/
		);
		expect(outcome.failure.data).toBeUndefined();
	});

	it('carries the data of a ConvexError', async () => {
		const data = { code: 7n, list: [1, 'x', null] };
		const failed = await corpus.query('events:convexError', { data }).catch((error: unknown) => error);
		expect(failed).toBeInstanceOf(CallFailed);
		expect(failed instanceof CallFailed && failed.data).toEqual(data);
		expect(await corpus.action('events:actionCatches')).toEqual({ why: 'because' });
	});

	it('checks arguments and results', async () => {
		await expect(corpus.mutation('items:insert', { name: 'x' })).rejects.toThrow(
			'ArgumentValidationError: Object is missing the required field `day`.'
		);
		await expect(corpus.mutation('items:insert', { name: 'x', day: 1, extra: 1 })).rejects.toThrow(
			'contains extra field `extra`'
		);
		await expect(corpus.query('runtime:badReturn')).rejects.toThrow(
			'ReturnsValidationError: Value does not match validator.'
		);
		await expect(corpus.action('node:hash', { text: 1 })).rejects.toThrow('ArgumentValidationError');
	});

	it('hides internal functions from clients', async () => {
		const none = { kind: 'none' } as const;
		const words = (name: string): string => `Could not find public function for '${name}'.`;
		const { outcome } = await corpus.engine.mutation(corpus.call('events:add', { kind: 'x' }, none));
		expect(outcome).toMatchObject({ ok: false, failure: { message: expect.stringContaining(words('events:add')) } });
		const missing = await corpus.engine.mutation(corpus.call('events:nothing', {}, none));
		expect(missing.outcome).toMatchObject({
			ok: false,
			failure: { message: expect.stringContaining(words('events:nothing')) }
		});
		await expect(corpus.mutation('events:kinds')).rejects.toThrow(
			'Trying to execute events.js:kinds as Mutation, but it is defined as Query.'
		);
	});

	it('ends a function that awaits nothing that can come', async () => {
		await expect(corpus.query('runtime:never')).rejects.toThrow('Returned promise will never resolve');
	});
});

describe('transactions', () => {
	it('undoes a mutation that throws', async () => {
		const before = await corpus.query('events:kinds');
		await expect(corpus.mutation('events:addThenThrow', { message: 'no' })).rejects.toThrow('Uncaught Error: no');
		expect(await corpus.query('events:kinds')).toEqual(before);
	});

	it('undoes only the nested mutation that throws', async () => {
		expect(await corpus.mutation('events:nested')).toMatchObject({ caught: { code: 'nested', kind: 'rolled back' } });
		const kinds = await corpus.query('events:kinds');
		expect(kinds).toContain('kept');
		expect(kinds).not.toContain('rolled back');
	});

	it('runs parallel nested mutations one after the other', async () => {
		expect(await corpus.mutation('events:parallel')).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
		const kinds = await corpus.query('events:kinds');
		expect(kinds).toEqual(expect.arrayContaining(['one', 'three', 'direct']));
		expect(kinds).not.toContain('two');
	});

	it('writes, patches, replaces and removes documents', async () => {
		const id = await corpus.mutation('items:insert', { name: 'a', day: 1, group: 'g' });
		expect(await corpus.mutation('items:patch', { id, name: 'b', clearGroup: true })).toMatchObject({
			name: 'b',
			day: 1
		});
		expect(await corpus.query('items:get', { id })).not.toHaveProperty('group');
		expect(await corpus.mutation('items:replace', { id, name: 'c', day: 2 })).toMatchObject({
			_id: id,
			name: 'c',
			day: 2
		});
		expect(await corpus.mutation('items:remove', { id })).toBeNull();
		await expect(corpus.mutation('items:patch', { id, name: 'd' })).rejects.toThrow('nonexistent document');
	});

	it('answers a request of a session once and runs it once', async () => {
		const call = corpus.call('events:add', { kind: 'session' });
		const session = { sessionId: 'a-session', requestId: 3 };
		const first = await corpus.engine.mutation(call, session);
		const again = await corpus.engine.mutation(call, session);
		expect(again).toEqual(first);
		await corpus.restart();
		expect(await corpus.engine.mutation(call, session)).toEqual(first);
		const kinds = await corpus.query('events:kinds');
		expect(Array.isArray(kinds) && kinds.filter((kind) => kind === 'session')).toEqual(['session']);
	});
});
