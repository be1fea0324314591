/** The library's lists: what is held, by connection, and what could be had. Pure. */
import type { FunctionReturnType } from 'convex/server';
import { INTEGRATION_CONFIGS, isIntegrationId, metricDefinition } from '../../config/integrations.ts';
import type { IntegrationConfig } from '../../config/integrations.ts';
import type { MetricDefinition, Unit } from '../../metrics/types.ts';
import type { api } from '../../../convex/_generated/api.js';

export type LibraryEntry = FunctionReturnType<typeof api.metricLibrary.list>[number];

export interface HeldMetric {
	readonly entry: LibraryEntry;
	readonly definition: MetricDefinition;
}

export interface ConnectionGroup {
	readonly connectionId: LibraryEntry['connectionId'];
	readonly name: string;
	readonly sample: boolean;
	readonly dashboardId: LibraryEntry['dashboardId'];
	readonly config: IntegrationConfig | null;
	readonly metrics: readonly HeldMetric[];
}

export interface OfferedGroup {
	readonly config: IntegrationConfig;
	readonly metrics: readonly MetricDefinition[];
}

export const UNIT_WORDS: Readonly<Record<Unit, string>> = {
	count: 'count',
	money: 'money',
	percent: 'percent',
	duration: 'duration',
	bytes: 'bytes',
	rate: 'per second',
	number: 'number'
};

/** What is held and matches, in the backend's order; groups without a match are left out. */
export function heldGroups(entries: readonly LibraryEntry[], search: string): ConnectionGroup[] {
	const groups = new Map<string, ConnectionGroup & { metrics: HeldMetric[] }>();
	for (const entry of entries) {
		const definition = metricDefinition(entry.metricId);
		if (!definition) continue;
		const config = isIntegrationId(entry.integrationId) ? INTEGRATION_CONFIGS[entry.integrationId] : null;
		if (!matches(definition, search, [entry.connectionName, config?.name ?? ''])) continue;
		let group = groups.get(entry.connectionId);
		if (!group) {
			const { connectionId, connectionName: name, sample, dashboardId } = entry;
			group = { connectionId, name, sample, dashboardId, config, metrics: [] };
			groups.set(entry.connectionId, group);
		}
		group.metrics.push({ entry, definition });
	}
	return [...groups.values()];
}

/** What matches of the integrations that nobody has connected; sample data is no service to be had. */
export function offeredGroups(entries: readonly LibraryEntry[], search: string): OfferedGroup[] {
	const connected = new Set(entries.map((entry) => entry.integrationId));
	return Object.values(INTEGRATION_CONFIGS)
		.filter((config) => !config.sample && !connected.has(config.id))
		.map((config) => ({ config, metrics: config.metrics.filter((metric) => matches(metric, search, [config.name])) }))
		.filter((group) => group.metrics.length > 0);
}

function matches(definition: MetricDefinition, search: string, more: readonly string[]): boolean {
	const words = search.toLowerCase().split(/\s+/).filter(Boolean);
	const text = [definition.id, definition.name, definition.description, ...more].join(' ').toLowerCase();
	return words.every((word) => text.includes(word));
}
