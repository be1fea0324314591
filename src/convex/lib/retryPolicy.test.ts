import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ERROR_KINDS } from './errors.ts';
import { retryTime } from './retryPolicy.ts';

const NOW = 1_795_435_200_000;
const base = { attempts: 1, retryAt: null, runKind: 'scheduled', now: NOW, random: 0 } as const;

describe('a slice that failed', () => {
	test.each(['auth', 'permission', 'not_found', 'bad_response', 'config'] as const)(
		'with %s is not tried again',
		(kind) => {
			expect(retryTime({ ...base, kind })).toBe(null);
		}
	);

	test.each(['unreachable', 'timeout'] as const)('with %s is tried three times in all, ever later', (kind) => {
		const waits = [1, 2].map((attempts) => (retryTime({ ...base, kind, attempts }) ?? 0) - NOW);
		expect(waits).toEqual([30_000, 120_000]);
		expect(retryTime({ ...base, kind, attempts: 3 })).toBe(null);
		expect(retryTime({ ...base, kind, runKind: 'manual' })).toBe(null);
	});

	test('for its rate is tried when the service says, in manual runs too, within the hour', () => {
		const limited = { ...base, kind: 'rate_limited' } as const;
		expect(retryTime({ ...limited, runKind: 'manual', retryAt: NOW + 120_000 })).toBe(NOW + 120_000);
		expect(retryTime({ ...limited, retryAt: NOW - 5_000 })).toBe(NOW);
		expect(retryTime({ ...limited, retryAt: NOW + 7_200_000 })).toBe(null);
		expect(retryTime(limited)).toBe(NOW + 30_000);
		expect(retryTime({ ...limited, attempts: 10 })).toBe(null);
	});

	test('is never tried in the past, nor before the service allows, and not for ever', () => {
		const attempt = fc.record({
			kind: fc.constantFrom(...ERROR_KINDS),
			attempts: fc.integer({ min: 1, max: 50 }),
			retryAt: fc.option(fc.integer({ min: NOW - 86_400_000, max: NOW + 86_400_000 })),
			runKind: fc.constantFrom('initial', 'scheduled', 'manual', 'backfill'),
			now: fc.constant(NOW),
			random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
		});
		fc.assert(
			fc.property(attempt, (given) => {
				const at = retryTime(given);
				if (given.attempts >= 10) expect(at).toBe(null);
				if (at === null) return;
				expect(at).toBeGreaterThanOrEqual(NOW);
				expect(at).toBeLessThanOrEqual(NOW + 3_600_000);
				if (given.kind === 'rate_limited') expect(at).toBeGreaterThanOrEqual(given.retryAt ?? 0);
			})
		);
	});
});
