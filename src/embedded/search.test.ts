/** Text and vector search through the unmodified CLI and clients. */
import { ConvexHttpClient } from 'convex/browser';
import { makeFunctionReference } from 'convex/server';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { DeployedApp } from './deployedApp.testing.ts';
import { PATIENT } from './patience.testing.ts';
import type { Arguments } from './deployedApp.testing.ts';

let app: DeployedApp;
let http: ConvexHttpClient;
let ids: string[];

const NOTES = [
	{ text: 'The quick brown fox', topic: 'animals', meaning: [1, 0, 0] },
	{ text: 'A quick answer', topic: 'work', meaning: [0, 1, 0] },
	{ text: 'Quicksand, quick quick quick', topic: 'nature', meaning: [0, 0, 2] },
	{ text: 'Foxglove', topic: 'nature', meaning: [1, 1, 0] },
	{ text: 'Nothing of the kind' }
];
const RANKED = ['Quicksand, quick quick quick', 'A quick answer', 'The quick brown fox'];

beforeAll(async () => {
	app = await DeployedApp.start('.');
	const output = await app.convex('deploy', '-y', '--typecheck', 'disable');
	expect(output).toContain('notes.by_text');
	expect(output).toContain('notes.by_meaning');
	http = new ConvexHttpClient(app.deployment.url, { logger: false });
	ids = z.array(z.string()).parse(await app.mutation('notes:write', { notes: NOTES }));
}, 120_000);

afterAll(() => app?.close());

describe('withSearchIndex', () => {
	const search = (args: Arguments) => http.query(makeFunctionReference<'query'>('notes:search'), args);

	test('ranks, takes the last word as a beginning and no other', async () => {
		expect(await search({ words: 'quick' })).toEqual(RANKED);
		expect(await search({ words: 'fox' })).toEqual(['The quick brown fox', 'Foxglove']);
		expect(await search({ words: 'FOX brown' })).toEqual(['The quick brown fox']);
		expect(await search({ words: 'brown fox' })).toEqual(['The quick brown fox', 'Foxglove']);
		expect(await search({ words: '' })).toEqual([]);
	});

	test('filters by the fields of the index, and then by expressions', async () => {
		expect(await search({ words: 'quick', topic: 'work' })).toEqual(['A quick answer']);
		expect(await search({ words: 'quick', topic: 'nothing' })).toEqual([]);
		expect(await search({ words: 'quick', without: RANKED[0] ?? '', take: 1 })).toEqual([RANKED[1]]);
	});

	test('answers over both clients alike', async () => {
		expect(await app.query('notes:search', { words: 'fox quick' })).toEqual(await search({ words: 'fox quick' }));
	});

	test('follows what is written, changed and deleted while it is subscribed to, and nothing else', async () => {
		const seen = app.live('notes:search', { words: 'otter' });
		await vi.waitFor(() => expect(seen).toEqual([[]]), PATIENT);
		const notes = [{ text: 'An otter' }, { text: 'Otters, otters, otters' }];
		const [first, second] = z.array(z.string()).parse(await app.mutation('notes:write', { notes }));
		expect(seen.at(-1)).toEqual(['An otter', 'Otters, otters, otters']);
		await app.mutation('notes:edit', { id: first ?? '', text: 'A seal' });
		expect(seen.at(-1)).toEqual(['Otters, otters, otters']);
		await app.mutation('notes:edit', { id: first ?? '', text: 'otter otter otter' });
		expect(seen.at(-1)).toEqual(['otter otter otter', 'Otters, otters, otters']);
		await app.mutation('notes:remove', { id: second ?? '' });
		expect(seen.at(-1)).toEqual(['otter otter otter']);
		const count = seen.length;
		await app.mutation('notes:edit', { id: ids[4] ?? '', text: 'Nothing whatever' });
		expect(seen).toHaveLength(count);
		await app.mutation('notes:remove', { id: first ?? '' });
		expect(seen.at(-1)).toEqual([]);
	});

	test('says what is wrong with a search', async () => {
		const wrong = app.query('notes:wrongSearch', { index: 'by_text', calls: [['search', 'topic', 'x']] });
		await expect(wrong).rejects.toThrow('doesn\'t match the indexed `searchField` "text"');
	});
});

describe('vectorSearch', () => {
	const act = (name: string, args: Arguments) => http.action(makeFunctionReference<'action'>(name), args);

	test('finds the nearest within a filter, and the documents can be loaded', async () => {
		const found = await act('notes:nearNotes', { meaning: [0, 1, 0], topic: 'nature', limit: 1 });
		expect(found).toEqual([{ text: 'Foxglove', score: expect.closeTo(Math.SQRT1_2, 5) }]);
		expect(await act('notes:nearNotes', { meaning: [0, 1, 0], topic: 'none', limit: 9 })).toEqual([]);
	});

	test('sees what was written before, and not what was deleted', async () => {
		const notes = [{ text: 'A vector', topic: 'vectors', meaning: [3, 4, 0] }];
		const [id] = z.array(z.string()).parse(await app.mutation('notes:write', { notes }));
		const near = { meaning: [3, 4, 0], topics: ['vectors', 'work'] };
		expect(await act('notes:near', near)).toEqual([
			{ id, score: 1 },
			{ id: ids[1], score: 0.8 }
		]);
		await app.mutation('notes:remove', { id: id ?? '' });
		expect(await app.client.action(makeFunctionReference<'action'>('notes:near'), near)).toEqual([
			{ id: ids[1], score: 0.8 }
		]);
	});
});
