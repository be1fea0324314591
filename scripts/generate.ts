/**
 * Writes what follows from other files: from the folder of integrations its `index.ts` and the catalogue that the
 * browser may know, from the table of permissions its page in the notes. All are committed. `--check` writes nothing
 * and fails when one is stale, naming it.
 */
import { readdirSync } from 'node:fs';
import { INTEGRATIONS } from '../src/convex/lib/integrationConfig.ts';
import type { SyncConfig } from '../src/convex/lib/integrationConfig.ts';
import { describeFields } from '../src/lib/server/integrations/fields.ts';
import { integrationRegistry } from '../src/lib/server/integrations/registry.ts';
import { accessTable } from './tools/accessTable.ts';
import { putGenerated } from './tools/generated.ts';

const folder = new URL('../src/lib/server/integrations/', import.meta.url);
const KIT_FILES: ReadonlySet<string> = new Set(['base.ts', 'fields.ts', 'index.ts', 'registry.ts']);
const HEADER = '// Made by `npm run generate` from src/lib/server/integrations. Do not edit.\n';

function integrationIds(): string[] {
	const names = readdirSync(folder).filter((name) => /^[a-z0-9-]+\.ts$/.test(name) && !KIT_FILES.has(name));
	return names.map((name) => name.slice(0, -'.ts'.length)).toSorted();
}

function indexSource(ids: readonly string[]): string {
	return `${HEADER}
import type { IntegrationId } from '../../config/integrations.ts';
import type { BaseIntegration } from './base.ts';
import { integrationRegistry } from './registry.ts';
${ids.map((id) => `import './${id}.ts';`).join('\n')}

export { integrationRegistry };

export const integrations: Record<IntegrationId, BaseIntegration> = {
${ids.map((id) => `'${id}': integrationRegistry.get('${id}')`).join(',\n')}
};
`;
}

function configOf(id: string): SyncConfig {
	const found = Object.entries(INTEGRATIONS).find(([key]) => key === id)?.[1];
	if (found === undefined) throw new Error(`${id}: no entry in INTEGRATIONS (src/convex/lib/integrationConfig.ts)`);
	return found;
}

async function catalogueSource(ids: readonly string[]): Promise<string> {
	for (const id of ids) await import(new URL(`${id}.ts`, folder).href);
	const entries = ids.map((id) => {
		const integration = integrationRegistry.get(id);
		const { name, description, category, authType, oauthProvider, credentials, settings, metrics } = integration;
		const { dataStrategy, shouldBackfill, historicalDays, allowedHosts, docsUrl } = configOf(id);
		const config = {
			id,
			name,
			description,
			category,
			icon: `/integrations/${id}.svg`,
			authType,
			oauthProvider,
			credentialFields: describeFields(`${id} credentials`, credentials),
			settingsFields: describeFields(`${id} settings`, settings),
			metrics,
			dataStrategy,
			shouldBackfill,
			historicalDays,
			allowedHosts,
			docsUrl,
			sample: category === 'Sample data'
		};
		return `${JSON.stringify(id)}: ${JSON.stringify(config)}`;
	});
	return `${HEADER}
import type { MetricDefinition } from '../metrics/types.ts';
import type { Catalogued } from './catalogue.ts';

export { CATEGORIES } from './catalogue.ts';
export type { FieldConfig } from './catalogue.ts';

export type IntegrationId = ${ids.map((id) => `'${id}'`).join(' | ')};

export type IntegrationConfig = Catalogued<IntegrationId>;

export const INTEGRATION_CONFIGS: Record<IntegrationId, IntegrationConfig> = {
${entries.join(',\n')}
};

export function isIntegrationId(text: string): text is IntegrationId {
	return Object.hasOwn(INTEGRATION_CONFIGS, text);
}

const METRICS: ReadonlyMap<string, MetricDefinition> = new Map(
	Object.values(INTEGRATION_CONFIGS).flatMap((config) => config.metrics.map((metric) => [metric.id, metric]))
);

export function metricDefinition(metricId: string): MetricDefinition | undefined {
	return METRICS.get(metricId);
}
`;
}

const check = process.argv.includes('--check');
const ids = integrationIds();
const files = [
	['src/lib/server/integrations/index.ts', indexSource(ids)],
	['src/lib/config/integrations.ts', await catalogueSource(ids)],
	['notes/ACCESS.md', accessTable()]
] as const;
for (const [path, source] of files)
	if (!(await putGenerated(path, source, 'npm run generate', check))) process.exitCode = 1;
