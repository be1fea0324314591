/** What is known of a connection's integration, from the default runtime. */
import { INTEGRATION_CONFIGS, isIntegrationId } from '../../lib/config/integrations.ts';
import type { IntegrationConfig, IntegrationId } from '../../lib/config/integrations.ts';
import type { MetricDefinition } from '../../lib/metrics/types.ts';
import { INTEGRATIONS } from './integrationConfig.ts';
import type { SyncConfig } from './integrationConfig.ts';

export interface KnownIntegration {
	readonly id: IntegrationId;
	readonly config: IntegrationConfig;
	readonly sync: SyncConfig;
}

/** The integration of that id, or null when this version of Plumbline has none such. */
export function integrationOf(id: string): KnownIntegration | null {
	return isIntegrationId(id) ? { id, config: INTEGRATION_CONFIGS[id], sync: INTEGRATIONS[id] } : null;
}

/** The metrics of an integration by id; empty for one that is not known. */
export function metricsOf(integrationId: string): ReadonlyMap<string, MetricDefinition> {
	return new Map(integrationOf(integrationId)?.config.metrics.map((metric) => [metric.id, metric]));
}

/** Whether the integration produces sample data, which is watermarked wherever it shows. */
export function isSample(integrationId: string): boolean {
	return integrationOf(integrationId)?.config.sample ?? false;
}
