/** What the gallery shows for a search and a category. Pure. */
import type { IntegrationConfig } from '../../config/integrations.ts';

export interface Found {
	readonly config: IntegrationConfig;
	/** Names of the metrics that the search met, when it was not the service's own words. */
	readonly metrics: readonly string[];
}

/** How near a search is to an integration: 3 its name, 2 its words, 1 one of its metrics, 0 not at all. */
function nearness(config: IntegrationConfig, words: readonly string[], metrics: readonly string[]): number {
	if (words.every((word) => config.name.toLowerCase().includes(word))) return 3;
	const about = `${config.name} ${config.id} ${config.description} ${config.category}`.toLowerCase();
	if (words.every((word) => about.includes(word))) return 2;
	return metrics.length > 0 ? 1 : 0;
}

/**
 * The integrations of a category (null: all) that a search finds, connected ones first, then nearest first.
 * "mrr" finds Stripe through its metric.
 */
export function searchGallery(
	configs: readonly IntegrationConfig[],
	{ search, category, connected }: { search: string; category: string | null; connected: ReadonlySet<string> }
): Found[] {
	const words = search.toLowerCase().split(/\s+/).filter(Boolean);
	return configs
		.filter((config) => category === null || config.category === category)
		.map((config) => {
			const metrics =
				words.length === 0
					? []
					: config.metrics
							.filter((metric) =>
								words.every((word) => `${metric.name} ${metric.id.split('.').at(-1)}`.toLowerCase().includes(word))
							)
							.map((metric) => metric.name);
			return { config, metrics, near: nearness(config, words, metrics), held: connected.has(config.id) ? 1 : 0 };
		})
		.filter((one) => one.near > 0)
		.toSorted((a, b) => b.held - a.held || b.near - a.near)
		.map(({ config, metrics }) => ({ config, metrics }));
}

/** The gallery's address for a search and a category, so that it can be shared and the back button works. */
export function galleryAddress(search: string, category: string | null): '/integrations' | `/integrations?${string}` {
	const params = new URLSearchParams();
	if (search.trim() !== '') params.set('q', search);
	if (category !== null) params.set('category', category);
	return params.size === 0 ? '/integrations' : `/integrations?${params.toString()}`;
}
