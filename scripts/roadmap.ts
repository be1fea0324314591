/** Writes `notes/INTEGRATION_ROADMAP.md` from the registry. `--check` writes nothing and fails when it is stale. */
import { INTEGRATIONS } from '../src/convex/lib/integrationConfig.ts';
import { INTEGRATION_CONFIGS } from '../src/lib/config/integrations.ts';
import type { IntegrationConfig } from '../src/lib/config/integrations.ts';
import { putGenerated } from './tools/generated.ts';

const AUTH = { api_key: 'key', oauth2: 'OAuth 2', none: 'none' } as const;

function historyOf({ metrics, shouldBackfill, historicalDays }: IntegrationConfig): string {
	if (!shouldBackfill || metrics.every(({ source }) => source === 'snapshot')) return 'grows from the day you connect';
	const onlyNow = metrics.filter(({ source }) => source === 'snapshot').length;
	return onlyNow === 0
		? `${historicalDays} days`
		: `${historicalDays} days; ${onlyNow} of the metrics from the day you connect`;
}

function row(config: IntegrationConfig): string {
	const { status } = INTEGRATIONS[config.id];
	const cells = [
		config.name,
		config.category,
		AUTH[config.authType],
		config.dataStrategy,
		historyOf(config),
		config.metrics.length,
		status
	];
	return `| ${cells.join(' | ')} |`;
}

const configs = Object.values(INTEGRATION_CONFIGS).toSorted(
	(a, b) => a.category.localeCompare(b.category) || a.name.localeCompare(b.name)
);
const ready = configs.filter(({ id }) => INTEGRATIONS[id].status === 'ready').length;
const metrics = configs.reduce((sum, config) => sum + config.metrics.length, 0);
const source = `# Integrations

Made by \`npm run roadmap\` from the registry. Do not edit. How to add one: [ADDING_AN_INTEGRATION.md](ADDING_AN_INTEGRATION.md).

| Integration | Category | Credentials | Strategy | History | Metrics | Status |
| --- | --- | --- | --- | --- | ---: | --- |
${configs.map(row).join('\n')}

**Total: ${configs.length} integrations, ${ready} of them ready, with ${metrics} metrics.**

Strategy: _snapshot_ reads the value now, _events_ reads days of the past, _hybrid_ does either by metric.
`;
const check = process.argv.includes('--check');
if (!(await putGenerated('notes/INTEGRATION_ROADMAP.md', source, 'npm run roadmap', check))) process.exitCode = 1;
