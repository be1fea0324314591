import { describe, expect, it } from 'vitest';
import { unpackSeries } from './series.ts';
import type { PackedSeries } from './series.ts';
import { summarise } from './summary.ts';

const packed: PackedSeries = {
	seriesId: 's',
	connectionId: 'c',
	metricId: 'github.stars',
	dimension: '',
	unit: 'count',
	currency: null,
	from: '2026-11-21',
	values: '[null,5,6,null]',
	states: 'ncpm',
	lastFetchedAt: null,
	timeZone: 'UTC'
};

describe('unpackSeries', () => {
	it('cuts off the days that have not begun where the connection lives', () => {
		const now = Date.parse('2026-11-23T20:00:00Z');
		expect(unpackSeries(packed, now).states).toBe('ncp');
		expect(unpackSeries({ ...packed, states: 'ncpp', timeZone: 'Pacific/Auckland' }, now).states).toBe('ncpp');
		expect(unpackSeries(packed, Date.parse('2026-11-01T00:00:00Z')).states).toBe('');
	});

	it('does not call today missing before it was read', () => {
		const during = unpackSeries(packed, Date.parse('2026-11-24T10:00:00Z'));
		expect([during.states, during.daysOver]).toEqual(['ncp', 3]);
		const after = unpackSeries(packed, Date.parse('2026-11-25T10:00:00Z'));
		expect([after.states, after.daysOver]).toEqual(['ncpm', 4]);
		expect(unpackSeries(packed, Date.parse('2026-11-23T10:00:00Z')).daysOver).toBe(2);
	});

	it('finds where history begins', () => {
		const now = Date.parse('2026-11-30T00:00:00Z');
		expect(unpackSeries(packed, now).firstFact).toBe(0);
		expect(unpackSeries({ ...packed, states: 'mmcc' }, now).firstFact).toBe(2);
		expect(unpackSeries({ ...packed, states: 'mmff' }, now).firstFact).toBe(-1);
	});
});

describe('summarise', () => {
	const style = { unit: 'count', currency: null, locale: 'en' } as const;
	const period = { from: '2026-11-21', to: '2026-11-23' };

	it('tells number, extremes and what is not known', () => {
		const text = summarise('Stars', 'sum', period, [{ label: '', style, values: [5, null, 7], states: 'cmp' }]);
		expect(text).toBe(
			'Stars, 21 Nov 2026 – 23 Nov 2026. 12 in total; highest 7 on 23 Nov, lowest 5 on 21 Nov; 1 day still counting, 1 day not fetched.'
		);
	});

	it('says when there is nothing, and counts what it leaves out', () => {
		expect(summarise('Stars', 'sum', period, [])).toBe('Stars, 21 Nov 2026 – 23 Nov 2026. Nothing to show.');
		const none = { label: 'a', style, values: [null], states: 'm' };
		expect(summarise('Stars', 'sum', period, [none, none, none, none])).toMatch(
			/a: not fetched\. And 1 more series\.$/
		);
	});
});
