import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SchemaWorker } from './schemaWorker.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('work that fails, as on a full disk, is tried again by itself', async () => {
	const reports: string[] = [];
	let steps = 0;
	const worker = new SchemaWorker(
		{
			async step() {
				steps++;
				if (steps === 1) throw new Error('the disk is full');
				return { value: { more: steps < 3, change: null }, notice: null };
			},
			abandon: () => Promise.resolve(),
			report: (sentence) => void reports.push(sentence),
			committed: () => undefined
		},
		60_000
	);
	worker.wake();
	await vi.advanceTimersByTimeAsync(60_000);
	expect(steps).toBe(3);
	expect(reports).toEqual(['A change of the schema could not be worked at: the disk is full']);
	worker.close();
	expect(vi.getTimerCount()).toBe(0);
});
