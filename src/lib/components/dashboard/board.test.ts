import { describe, expect, it } from 'vitest';
import { unpackSeries } from '../../metrics/series.ts';
import type { PackedSeries } from '../../metrics/series.ts';
import type { MetricDefinition } from '../../metrics/types.ts';
import { chartModels, freshest, seriesViews } from './board.ts';

const NOW = Date.parse('2026-11-03T12:00:00Z');
const definition: MetricDefinition = {
	id: 'stripe.gross_volume',
	name: 'Gross volume',
	description: '',
	unit: 'money',
	aggregation: 'sum',
	direction: 'up',
	source: 'events',
	group: 'money',
	historyDays: null
};
const packed = (id: string, values: (number | null)[], states: string, more: Partial<PackedSeries> = {}) =>
	unpackSeries(
		{
			seriesId: id,
			connectionId: 'c',
			metricId: definition.id,
			dimension: id,
			unit: 'money',
			currency: id,
			from: '2026-11-01',
			values: JSON.stringify(values),
			states,
			lastFetchedAt: NOW,
			timeZone: 'UTC',
			...more
		},
		NOW
	);
const periods = {
	current: { from: '2026-11-01', to: '2026-11-03' },
	previous: { from: '2026-10-29', to: '2026-10-31' }
};

describe('seriesViews', () => {
	it('keeps currencies apart, in numbers and in charts', () => {
		const views = seriesViews(
			definition,
			[packed('EUR', [100, 200, 50], 'ccp'), packed('JPY', [7, 7, 7], 'ccc')],
			[packed('EUR', [100, 100, 100], 'ccc', { from: '2026-10-29' })],
			periods,
			'en'
		);
		expect(views.map((view) => view.range.value)).toEqual([350, 21]);
		expect(views[0]?.comparison?.change).toMatchObject({ current: 300, previous: 200, fraction: 0.5 });
		expect(views[0]?.basis).toEqual(['3 Nov so far']);
		expect(views[1]?.comparison).toEqual({ change: null, reason: 'nothing is known of the period before' });
		const models = chartModels('Gross volume', definition, views, periods);
		expect(models.map((model) => [model.title, model.series.length])).toEqual([
			['Gross volume, EUR', 1],
			['Gross volume, JPY', 1]
		]);
		expect(freshest(views)).toBe(NOW);
	});

	it('draws the eight largest and keeps the others', () => {
		const series = Array.from({ length: 12 }, (_, index) =>
			packed(`s${index}`, [index, index, index], 'ccc', { currency: null, unit: 'count' })
		);
		const views = seriesViews(definition, series, [], { ...periods, previous: null }, 'en');
		expect(views).toHaveLength(12);
		expect(views.map((view) => view.colour)).toEqual([null, null, null, null, 1, 2, 3, 4, 5, 6, 7, 8]);
		const [model] = chartModels('Things', definition, views, { ...periods, previous: null });
		expect(model?.series.map((one) => one.label)).toEqual(['s4', 's5', 's6', 's7', 's8', 's9', 's10', 's11']);
	});

	it('says what a number rests on', () => {
		const [late] = seriesViews(
			definition,
			[packed('EUR', [null, 5, 5], 'mcc')],
			[],
			{ ...periods, previous: null },
			'en'
		);
		expect(late?.basis).toEqual(['since 2 Nov']);
		const [holed] = seriesViews(
			definition,
			[packed('EUR', [5, null, null], 'cmf')],
			[],
			{ ...periods, previous: null },
			'en'
		);
		expect(holed?.basis).toEqual(['1 day not fetched', '1 day failed']);
		const [level] = seriesViews(
			{ ...definition, aggregation: 'last' },
			[packed('EUR', [5, null, null], 'cmm')],
			[],
			{ ...periods, previous: null },
			'en'
		);
		expect(level?.basis).toEqual(['as of 1 Nov']);
		expect(freshest([])).toBeNull();
	});
});
