import { describe, expect, test } from 'vitest';
import { stateOf } from './connectionState.ts';

const NOW = 1_795_435_200_000;
const fine = {
	condition: 'connected',
	sentence: null,
	since: NOW - 5_000,
	paused: false,
	disconnectedAt: null,
	retryAt: null,
	lastSuccessAt: NOW - 1_000
} as const;
const run = { startedAt: NOW, retryAt: null, errorKind: null, sentence: null };

describe('a connection', () => {
	test.each(['connected', 'degraded', 'waiting', 'needs_reauth', 'failing'] as const)(
		'shows its condition: %s',
		(condition) => {
			const view = stateOf({ ...fine, condition, sentence: 'Why.' }, null);
			expect(view).toMatchObject({ state: condition, sentence: 'Why.', since: fine.since });
		}
	);

	test('under way shows that, whatever it was', () => {
		for (const condition of ['connected', 'failing', 'needs_reauth'] as const) {
			expect(stateOf({ ...fine, condition }, run)).toMatchObject({ state: 'syncing', since: NOW });
		}
		expect(stateOf({ ...fine, paused: true }, run).state).toBe('syncing');
	});

	test.each([
		['rate_limited', 'waiting'],
		['unreachable', 'failing'],
		['timeout', 'failing']
	] as const)('whose run will try again after %s shows as %s', (errorKind, state) => {
		const waiting = { ...run, retryAt: NOW + 60_000, errorKind, sentence: 'Why.' };
		expect(stateOf(fine, waiting)).toEqual({ state, sentence: 'Why.', since: NOW, retryAt: NOW + 60_000 });
	});

	test('paused shows that, unless it needs new credentials', () => {
		expect(stateOf({ ...fine, paused: true, condition: 'failing' }, null).state).toBe('paused');
		expect(stateOf({ ...fine, paused: true, condition: 'needs_reauth' }, null).state).toBe('needs_reauth');
	});

	test('disconnected shows that before everything else', () => {
		const view = stateOf({ ...fine, paused: true, condition: 'failing', disconnectedAt: NOW }, run);
		expect(view).toMatchObject({ state: 'disconnected', since: NOW, retryAt: null });
	});

	test('always has a sentence', () => {
		for (const condition of ['connected', 'degraded', 'waiting', 'needs_reauth', 'failing'] as const) {
			for (const lastSuccessAt of [null, NOW]) {
				expect(stateOf({ ...fine, condition, lastSuccessAt }, null).sentence).toMatch(/^\p{Lu}.*\.$/u);
			}
		}
	});
});
