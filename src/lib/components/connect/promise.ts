/** Sentences about what connecting does, made from an integration's constants. Pure. */
import type { IntegrationConfig } from '../../config/integrations.ts';

/** `12 metrics, 365 days of history`. */
export function whatArrives(config: Pick<IntegrationConfig, 'metrics' | 'shouldBackfill' | 'historicalDays'>): string {
	const metrics = config.metrics.length === 1 ? '1 metric' : `${config.metrics.length} metrics`;
	return config.shouldBackfill && config.historicalDays > 0
		? `${metrics}, ${config.historicalDays} days of history where the service keeps it`
		: `${metrics}; history starts today`;
}

/** Where the credentials go, and nowhere else. */
export function whereItGoes(config: Pick<IntegrationConfig, 'allowedHosts'>): string {
	return config.allowedHosts.length === 0
		? 'What you paste is only ever sent to the address you give.'
		: `What you paste is only ever sent to ${listInWords(config.allowedHosts)}.`;
}

/** Every permission its metrics ask for, once, in the service's own words. */
export function scopesOf(config: Pick<IntegrationConfig, 'metrics'>): string[] {
	return [...new Set(config.metrics.flatMap((metric) => metric.scopes ?? []))];
}

/** `a`, `a and b`, `a, b and c`. */
export function listInWords(items: readonly string[]): string {
	if (items.length < 2) return items[0] ?? '';
	return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}
