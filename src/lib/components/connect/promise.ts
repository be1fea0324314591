/** Sentences about what connecting does, made from an integration's constants. Pure. */
import type { IntegrationConfig } from '../../config/integrations.ts';
import { OAUTH_PROVIDERS } from '../../config/oauth.ts';

/** `12 metrics, 365 days of history`. */
export function whatArrives(config: Pick<IntegrationConfig, 'metrics' | 'shouldBackfill' | 'historicalDays'>): string {
	const metrics = config.metrics.length === 1 ? '1 metric' : `${config.metrics.length} metrics`;
	return config.shouldBackfill && config.historicalDays > 0
		? `${metrics}, ${config.historicalDays} days of history where the service keeps it`
		: `${metrics}; history starts today`;
}

/**
 * Where the credentials go, and nowhere else. A service that people run themselves has no hosts of its own: it is named
 * by the address as it stands in the form, once there is one.
 */
export function whereItGoes(
	config: Pick<IntegrationConfig, 'allowedHosts' | 'credentialFields' | 'oauthProvider'>,
	credentials: Readonly<Record<string, unknown>> = {}
): string {
	if (config.oauthProvider !== null) {
		const { tokenEndpoint } = OAUTH_PROVIDERS[config.oauthProvider];
		const hosts = [...config.allowedHosts, new URL(tokenEndpoint).host];
		return `The access that you give is only ever sent to ${listInWords(hosts)}.`;
	}
	const hosts = config.allowedHosts.length === 0 ? typedHosts(config, credentials) : config.allowedHosts;
	return `What you paste is only ever sent to ${hosts.length === 0 ? 'the address you give' : listInWords(hosts)}.`;
}

function typedHosts(
	{ credentialFields }: Pick<IntegrationConfig, 'credentialFields'>,
	credentials: Readonly<Record<string, unknown>>
): string[] {
	return credentialFields.flatMap(({ key, input }) => {
		const text = credentials[key];
		const url = input === 'url' && typeof text === 'string' ? URL.parse(text) : null;
		return url === null || url.host === '' ? [] : [url.host];
	});
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
