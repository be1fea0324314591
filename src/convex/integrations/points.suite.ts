/** What is true of every point, whichever integration made it. */
import { expect } from 'vitest';
import type { MetricDefinition, Point } from '../../lib/metrics/types.ts';

export const keyOf = ({ metricId, dimension, day }: Point) => `${metricId} ${dimension} ${day}`;
export const sorted = (points: readonly Point[]) => points.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

/** Every rule a stored point keeps. */
export function expectWellFormed(
	points: readonly Point[],
	metrics: readonly MetricDefinition[],
	from: string,
	to: string
): void {
	const keys = points.map(keyOf);
	expect(new Set(keys).size, 'no point twice').toBe(keys.length);
	const byId = new Map(metrics.map((metric) => [metric.id, metric]));
	for (const point of points) {
		const metric = byId.get(point.metricId);
		const wrong: string[] = [];
		if (metric === undefined) wrong.push('was not asked for');
		if (point.day < from || point.day > to) wrong.push('is outside the asked days');
		if (metric?.source === 'snapshot' && point.day !== to) wrong.push('is a snapshot of another day than today');
		if (point.day === to && point.state === 'complete') wrong.push('calls today complete');
		if ((point.value === null) !== (point.state === 'no_data'))
			wrong.push('has no value without no_data, or the reverse');
		if (point.value !== null && (!Number.isFinite(point.value) || Object.is(point.value, -0)))
			wrong.push('is not a finite number');
		if ((metric?.dimension === undefined) !== (point.dimension === ''))
			wrong.push('lacks its dimension or has one too many');
		const money = metric?.unit === 'money';
		if (money !== /^[A-Z]{3}$/.test(point.currency ?? '')) wrong.push('is money without currency, or the reverse');
		if ((money || metric?.unit === 'count') && !Number.isInteger(point.value ?? 0)) wrong.push('is not a whole number');
		expect(wrong, `${keyOf(point)} = ${point.value}`).toEqual([]);
	}
}
