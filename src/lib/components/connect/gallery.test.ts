import { describe, expect, it } from 'vitest';
import { INTEGRATION_CONFIGS } from '../../config/integrations.ts';
import { searchGallery } from './gallery.ts';

const configs = Object.values(INTEGRATION_CONFIGS);
const nothing = new Set<string>();

function idsFor(search: string, category: string | null = null, connected: ReadonlySet<string> = nothing): string[] {
	return searchGallery(configs, { search, category, connected }).map(({ config }) => config.id);
}

describe('searchGallery', () => {
	it('finds every metric of every service by its name', () => {
		for (const config of configs) {
			for (const metric of config.metrics) expect(idsFor(metric.name), metric.id).toContain(config.id);
		}
	});

	it('finds Stripe by "mrr" and names the metric', () => {
		const found = searchGallery(configs, { search: 'mrr', category: null, connected: nothing });
		const stripe = found.find(({ config }) => config.id === 'stripe');
		expect(stripe?.metrics.length).toBeGreaterThan(0);
	});

	it('puts the service of that name first, whatever else mentions it', () => {
		for (const config of configs) expect(idsFor(config.name.toUpperCase())[0]).toBe(config.id);
	});

	it('shows all without a search, connected ones first, and keeps to a category', () => {
		expect(idsFor('').toSorted()).toEqual(configs.map((config) => config.id).toSorted());
		for (const { id, category } of configs) {
			expect(idsFor('', null, new Set([id]))[0]).toBe(id);
			expect(idsFor('', category)).toContain(id);
			expect(idsFor('', 'No such category')).toEqual([]);
		}
	});

	it('finds nothing for nonsense', () => {
		expect(idsFor('qzxv jkw')).toEqual([]);
	});
});
