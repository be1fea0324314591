/**
 * Begins an integration: `node scripts/new-integration.ts acme-cloud "Acme Cloud"`. Writes every piece for an imagined service
 * that lists items page by page, and all of it passes; what is left is to make it speak of the real one. With a third
 * word (`google`) people sign in at that OAuth provider instead of pasting a key.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as prettier from 'prettier';
import { OAUTH_PROVIDERS, oauthProviderOf } from '../src/lib/config/oauth.ts';

const root = new URL('../', import.meta.url);
const [id = '', name = id, providerId] = process.argv.slice(2);
const provider = providerId === undefined ? null : oauthProviderOf(providerId);
if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(id)) {
	console.error('Usage: node scripts/new-integration.ts <id> "<Name>", where the id is lower-case words with hyphens.');
	process.exit(1);
}
if (providerId !== undefined && provider === null) {
	console.error(
		`There is no OAuth provider "${providerId}"; src/lib/config/oauth.ts has ${Object.keys(OAUTH_PROVIDERS).join(', ')}.`
	);
	process.exit(1);
}
const SCOPE = 'https://example.com/auth/items.readonly';
const Name = id.replace(/(^|-)([a-z0-9])/g, (_all, _hyphen, letter: string) => letter.toUpperCase());

/** Nothing is pasted where people sign in: the client brings the access token. */
const [given, pass, takes] = provider
	? ['_given', '', '']
	: ['given', 'given, ', `credentials: ${Name}Credentials,\n\t`];

const files: Readonly<Record<string, string>> = {
	[`src/lib/server/integrations/${id}.ts`]: `
import { z } from 'zod';
import { fetch${Name}Metrics, test${Name}Connection } from '../../../convex/integrations/${id}.ts';
import type { FetchRequest, IntegrationContext } from '../../../convex/lib/contract.ts';
import type { MetricDefinition } from '../../metrics/types.ts';
import { BaseIntegration } from './base.ts';
${provider ? '' : "import { secretField } from './fields.ts';\n"}import { integrationRegistry } from './registry.ts';

const credentials = z.object({${
		provider
			? ''
			: `
	apiKey: secretField({ label: 'API key', help: 'Read access is enough.', helpUrl: 'https://example.com/keys' })
`
	}});
const settings = z.object({});

const metrics: readonly MetricDefinition[] = [
	{
		id: '${id}.items',
		name: 'Items',
		description: 'Items made that day.',
		unit: 'count',
		aggregation: 'sum',
		direction: 'up',
		source: 'events',
		group: 'items',
		historyDays: null,${provider ? `\n\t\tscopes: ['${SCOPE}'],` : ''}
		rank: 1
	}
];

class ${Name}Integration extends BaseIntegration<typeof credentials, typeof settings> {
	readonly id = '${id}';
	readonly name = ${JSON.stringify(name)};
	readonly description = 'Items, day by day.';
	readonly category = 'Developer tools';
	readonly authType = ${provider ? `'oauth2';\n\toverride readonly oauthProvider = '${provider.id}'` : "'api_key'"};
	readonly credentials = credentials;
	readonly settings = settings;
	readonly metrics = metrics;

	testConnection(${given}: z.infer<typeof credentials>, context: IntegrationContext) {
		return test${Name}Connection(${pass}context);
	}

	fetchMetrics(${given}: z.infer<typeof credentials>, request: FetchRequest<z.infer<typeof settings>>) {
		return fetch${Name}Metrics(${pass}request);
	}
}

integrationRegistry.register(new ${Name}Integration());
`,
	[`src/convex/integrations/${id}.ts`]: `'use node';
/** ${name}: how its numbers are read. What they mean is said in \`src/lib/server/integrations/${id}.ts\`. */
import { z } from 'zod';
import type { Point } from '../../lib/metrics/types.ts';
import { dayOf, today } from '../../lib/metrics/zones.ts';
import type { FetchRequest, IntegrationContext, MetricsPage, TestResult } from '../lib/contract.ts';
import { pages } from '../lib/paging.ts';
import { parseAnswer, testFailure } from '../lib/parse.ts';
import { dayWindows } from '../lib/windows.ts';

${
	provider
		? ''
		: `export interface ${Name}Credentials {
	readonly apiKey: string;
}

`
}const ORIGIN = 'https://api.example.com';
const DAYS_PER_PAGE = 30;

const account = z.object({ id: z.string(), name: z.string() });
const list = z.object({ items: z.array(z.object({ createdAt: z.iso.datetime() })), next: z.number().nullish() });

async function get<Schema extends z.ZodType>(
	${provider ? '' : `{ apiKey }: ${Name}Credentials,\n\t`}{ http, baseUrl }: IntegrationContext,
	path: string,
	query: Readonly<Record<string, string | number>>,
	schema: Schema
): Promise<z.infer<Schema>> {
	${provider ? '' : 'const headers = { authorization: `Bearer ${apiKey}` };\n\t'}const response = await http.request({ url: \`\${baseUrl ?? ORIGIN}\${path}\`, query${provider ? '' : ', headers'} });
	return parseAnswer(schema, response.json(), path);
}

/** Counts items by the day on which they were made, 30 days a page. */
export async function* fetch${Name}Metrics(
	${takes}request: FetchRequest<object>
): AsyncGenerator<MetricsPage> {
	const { timeZone } = request;
	for (const { days, checkpoint, progress } of dayWindows(request, DAYS_PER_PAGE)) {
		const counts = new Map(days.map((day) => [day, 0]));
		const read = async (page: number) => {
			const query = { from: days[0] ?? '', to: days.at(-1) ?? '', page };
			const { items, next = null } = await get(${provider ? '' : 'credentials, '}request, '/v1/items', query, list);
			return { items, next };
		};
		for await (const { items } of pages(1, read))
			for (const { createdAt } of items) {
				const day = dayOf(Date.parse(createdAt), timeZone);
				const count = counts.get(day);
				if (count !== undefined) counts.set(day, count + 1);
			}
		const now = today(timeZone, request.now());
		const points = days.map((day): Point => {
			const value = counts.get(day) ?? 0;
			return { metricId: '${id}.items', dimension: '', day, value, state: day === now ? 'partial' : 'complete' };
		});
		yield { points, checkpoint, progress };
	}
}

/** Asks whose key it is. */
export async function test${Name}Connection(
	${takes}context: IntegrationContext
): Promise<TestResult> {
	try {
		const found = await get(${provider ? '' : 'credentials, '}context, '/v1/account', {}, account);
		return { success: true, accountInfo: { id: found.id, name: found.name, details: {} } };
	} catch (error) {
		return testFailure(error);
	}
}
`,
	[`src/convex/integrations/${id}.fake.ts`]: `
/** A ${name} with \`size\` items, one every two hours up to now, two to a page. */
import { addDays } from '../../lib/metrics/days.ts';
import type { Respond } from './fake.suite.ts';

export const SECRET = 'planted-SECRET-71c4';
export const NOW = Date.parse('2026-11-23T14:00:00Z');
export const PAGE_SIZE = 2;

export const ${Name.charAt(0).toLowerCase()}${Name.slice(1)}Fake =
	(size: number): Respond =>
	({ path, query, headers }) => {
		if (headers['authorization'] !== \`Bearer \${SECRET}\`) return { status: 401, body: { message: 'Unknown key' } };
		if (path === '/v1/account') return { body: { id: 'acc_1', name: 'Example' } };
		if (path !== '/v1/items') return { status: 404, body: { message: 'No such path' } };
		const [from, to, page] = [query.get('from') ?? '', addDays(query.get('to') ?? '', 1), Number(query.get('page'))];
		const all = Array.from({ length: size }, (_, index) => new Date(NOW - (index + 1) * 7_200_000).toISOString());
		const inside = all.filter((createdAt) => createdAt >= from && createdAt < to);
		const items = inside.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE).map((createdAt) => ({ createdAt }));
		return { body: { items, next: page * PAGE_SIZE < inside.length ? page + 1 : null } };
	};
`,
	[`src/convex/integrations/${id}.conformance.test.ts`]: `
import '../../lib/server/integrations/${id}.ts';
import { conformance } from './conformance.suite.ts';
import { ${Name.charAt(0).toLowerCase()}${Name.slice(1)}Fake, NOW, PAGE_SIZE, SECRET } from './${id}.fake.ts';

conformance({
	id: '${id}',
	fake: ${Name.charAt(0).toLowerCase()}${Name.slice(1)}Fake,
	pageSize: PAGE_SIZE,
	credentials: () => (${provider ? '{}' : '{ apiKey: SECRET }'}),
	secret: SECRET,
	settings: {},
	now: NOW,
	startDate: '2026-09-20',
	timeZone: 'UTC',
	total: { metricId: '${id}.items', of: (size) => size }
});
`,
	[`static/integrations/${id}.svg`]: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48" role="img" aria-label="${id}">
	<rect width="48" height="48" rx="10" fill="#F0F1F3" />
	<circle cx="24" cy="24" r="12" fill="#555B66" />
</svg>
`
};

const CONFIG = 'src/convex/lib/integrationConfig.ts';
const entry = `	'${id}': {
		dataStrategy: 'events',
		shouldBackfill: true,
		historicalDays: 365,
		lookbackDays: 2,
		finalAfterHours: 1,
		sliceDays: { items: 90 },
		syncEveryMinutes: 60,
		dayTimezone: 'UTC',
		quota: { unit: 'requests', limit: 60, windowSeconds: 60 },
		allowedHosts: ['api.example.com'],
		docsUrl: 'https://example.com/docs',
		messages: {},
		status: 'beta'
	}
};
`;

async function put(path: string, source: string): Promise<void> {
	const file = fileURLToPath(new URL(path, root));
	const options = { ...(await prettier.resolveConfig(file)), filepath: file };
	writeFileSync(file, path.endsWith('.svg') ? source : await prettier.format(source, options));
	console.log(`wrote ${path}`);
}

const existing = Object.keys(files).find((path) => existsSync(new URL(path, root)));
if (existing !== undefined) {
	console.error(`${existing} is there already; nothing was written.`);
	process.exit(1);
}
for (const [path, source] of Object.entries(files)) await put(path, source);
const config = readFileSync(new URL(CONFIG, root), 'utf8');
await put(CONFIG, config.replace(/,?\n};\s*$/, `,\n${entry}`));
console.log(
	`Next: npm run generate, npm run roadmap, npx vitest run ${id}; then notes/ADDING_AN_INTEGRATION.md, step 2.`
);
