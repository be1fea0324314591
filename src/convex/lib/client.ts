'use node';
/** What an integration is given to reach its service, made from the deployment's environment. */
import { INTEGRATION_CONFIGS } from '../../lib/config/integrations.ts';
import type { IntegrationId } from '../../lib/config/integrations.ts';
import type { IntegrationContext } from './contract.ts';
import { createHttpClient } from './http.ts';
import type { HttpClient, HttpClientOptions } from './http.ts';
import { INTEGRATIONS } from './integrationConfig.ts';

/** Parsed credentials, still as text by field. */
export type Credentials = Readonly<Record<string, unknown>>;

/**
 * The HTTP client and base URL for one account. `INTEGRATION_BASE_URL_<ID>` replaces the service's own address; a
 * self-hosted service is reached at the address among its credentials and nowhere else. `options` are the client's.
 */
export function contextFor(
	id: IntegrationId,
	credentials: Credentials,
	options: Pick<HttpClientOptions, 'signal' | 'tries' | 'bearer'> = {}
): IntegrationContext & { readonly http: HttpClient } {
	const { allowedHosts, quota, messages } = INTEGRATIONS[id];
	const replaced = process.env[`INTEGRATION_BASE_URL_${id.toUpperCase().replaceAll('-', '_')}`];
	const own = replaced ? replaced : givenAddress(id, credentials);
	const http = createHttpClient({
		integrationId: id,
		baseUrl: own ?? undefined,
		allowedHosts: own === null ? allowedHosts : null,
		allowPrivate: process.env.PLUMBLINE_ALLOW_PRIVATE_HOSTS === '1',
		secrets: secretsOf(id, credentials),
		quota,
		messages,
		...options
	});
	return { http, baseUrl: replaced ? replaced : null, now: Date.now };
}

/** The values of the secret fields. */
export function secretsOf(id: IntegrationId, credentials: Credentials): string[] {
	return textsOf(id, credentials, (field) => field.secret);
}

function givenAddress(id: IntegrationId, credentials: Credentials): string | null {
	return textsOf(id, credentials, (field) => field.input === 'url').at(0) ?? null;
}

function textsOf(
	id: IntegrationId,
	credentials: Credentials,
	wanted: (field: (typeof INTEGRATION_CONFIGS)[IntegrationId]['credentialFields'][number]) => boolean
): string[] {
	return INTEGRATION_CONFIGS[id].credentialFields.filter(wanted).flatMap(({ key }) => {
		const value = credentials[key];
		return typeof value === 'string' && value !== '' ? [value] : [];
	});
}
