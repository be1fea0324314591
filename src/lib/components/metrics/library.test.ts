import { describe, expect, it } from 'vitest';
import type { Id } from '../../../convex/_generated/dataModel.js';
import { INTEGRATION_CONFIGS } from '../../config/integrations.ts';
import { heldGroups, offeredGroups } from './library.ts';
import type { LibraryEntry } from './library.ts';

function entry(metricId: string): LibraryEntry {
	const id = (text: string) => text as Id<'connections'> & Id<'dashboards'>;
	return {
		connectionId: id('c1'),
		connectionName: 'Our shop',
		integrationId: metricId.split('.')[0] ?? '',
		sample: false,
		dashboardId: id('d1'),
		metricId,
		seriesCount: 0,
		firstDay: null,
		lastDay: null,
		lastFetchedAt: null,
		problem: null,
		recent: null
	};
}

describe('the library', () => {
	const held = INTEGRATION_CONFIGS.github.metrics.map((metric) => entry(metric.id));

	it('finds a metric by its name, its meaning, its service or its connection', () => {
		expect(heldGroups(held, '')[0]?.metrics).toHaveLength(INTEGRATION_CONFIGS.github.metrics.length);
		const found = (search: string) =>
			heldGroups(held, search).flatMap((group) => group.metrics.map((one) => one.entry.metricId));
		expect(found('new stars')).toContain('github.new_stars');
		expect(found('our SHOP forks')).toEqual(['github.forks']);
		expect(found('no such thing')).toEqual([]);
	});

	it('leaves out what this version does not know', () => {
		expect(heldGroups([entry('github.gone')], '')).toEqual([]);
	});

	it('offers what is not connected, and never sample data', () => {
		const offered = offeredGroups(held, '').map((group) => group.config.id);
		expect(offered).not.toContain('github');
		expect(offered).not.toContain('sample');
		expect(offered).toContain('prometheus');
		expect(offeredGroups([], 'stars').map((group) => group.config.id)).toEqual(['github']);
	});
});
