import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeStates } from '../../lib/metrics/pack.ts';
import type { DayState } from '../../lib/metrics/types.ts';
import { addSeries } from './recentDays.ts';
import { finishPastDays } from './seriesReader.ts';

const KNOWN: readonly DayState[] = ['complete', 'partial', 'provisional'];
const fact = fc.oneof(
	fc.record({ state: fc.constantFrom(...KNOWN), value: fc.integer({ min: -1_000, max: 1_000 }) }),
	fc.record({ state: fc.constantFrom<DayState>('no_data', 'missing', 'failed'), value: fc.constant(null) })
);
const series = fc.array(fact, { minLength: 5, maxLength: 5 }).map((facts) => ({
	values: facts.map((one) => one.value),
	states: encodeStates(facts.map((one) => one.state))
}));

describe('series added up', () => {
	test('have a value only where every one of them is known or says that nothing happened', () => {
		fc.assert(
			fc.property(fc.array(series, { minLength: 1, maxLength: 4 }), (parts) => {
				const sum = addSeries(parts, 5);
				for (let day = 0; day < 5; day += 1) {
					const letters = parts.map((part) => part.states[day]);
					const lacking = letters.some((letter) => letter === 'm' || letter === 'f');
					const silent = letters.every((letter) => letter === 'n');
					const total = parts.reduce((all, part) => all + (part.values[day] ?? 0), 0);
					expect(sum.values[day]).toBe(lacking || silent ? null : total);
					if (lacking) expect('mf').toContain(sum.states[day]);
					if (silent) expect(sum.states[day]).toBe('n');
					if (!lacking && letters.includes('p')) expect(sum.states[day]).toBe('p');
				}
			})
		);
	});
});

test.each([
	['pppp', '2026-11-20', '2026-11-23', 'cccp'],
	['mpnv', '2026-11-20', '2026-11-23', 'mcnv'],
	['pp', '2026-11-24', '2026-11-23', 'pp'],
	['pp', '2026-10-01', '2026-11-23', 'cc']
])('the past days of a level are final: %s from %s, today %s, read %s', (states, from, now, read) => {
	expect(finishPastDays(states, from, now)).toBe(read);
});
