import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Recovery } from './recovery.ts';

const pipeline = { durable: 5 };
let full = true;
let recovered = 0;

beforeEach(() => {
	vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
	[full, recovered, pipeline.durable] = [true, 0, 5];
});
afterEach(() => void vi.useRealTimers());

function recovery(): Recovery {
	return new Recovery(pipeline, {
		attempt() {
			if (full) throw new Error('full');
		},
		recovered: () => recovered++
	});
}

test('tries until something can be saved, and tells of it once', () => {
	recovery().begin();
	vi.advanceTimersByTime(10_000);
	expect(recovered).toBe(0);
	full = false;
	vi.advanceTimersByTime(10_000);
	expect(recovered).toBe(1);
});

test('believes a commit that became durable meanwhile, but not the one that was lost', () => {
	const waiting = recovery();
	waiting.begin();
	// Another loss: everything up to it counts as settled.
	pipeline.durable = 7;
	waiting.begin();
	vi.advanceTimersByTime(3_000);
	expect(recovered).toBe(0);
	pipeline.durable = 8;
	vi.advanceTimersByTime(1_000);
	expect(recovered).toBe(1);
});
