/** The system queries that the `convex` CLI asks, over WebSocket or HTTP, with the admin key. */
import { convexToJson } from 'convex/values';
import { z } from 'zod';
import { analysisOf } from '../engine/components/deployed.ts';
import { mounted } from '../engine/components/tree.ts';
import type { DefinitionAnalysis } from '../engine/analysis.ts';
import type { ComponentEntry, Engine } from '../engine/engine.ts';
import type { Identity, Outcome, QueryResult } from '../engine/types.ts';
import { countDocuments } from '../push/prediction.ts';
import { newRequestId } from '../requestId.ts';
import type { ExportState, Exports } from '../snapshots/exports.ts';
import type { Imports } from '../snapshots/imports.ts';
import type { SystemQueries } from '../sync/liveRuns.ts';
import type { QuerySpec } from '../sync/liveRun.ts';

interface Surroundings {
	readonly engine: Engine;
	readonly cloudUrl: string;
	readonly exports: Exports;
	readonly imports: Imports;
}

/** Convex JSON text of the answer. */
type SystemQuery = (surroundings: Surroundings, args: unknown, componentPath: string) => Promise<string>;

const MAX_PAGE = 1_000;
const ANY_VALIDATOR = { type: 'any' };
const byName = z.object({ name: z.string() });
const byTable = z.object({ tableName: z.string() });
const tablePage = z.object({
	table: z.string(),
	order: z.enum(['asc', 'desc']),
	paginationOpts: z.object({ cursor: z.string().nullable(), numItems: z.number().positive() })
});

const QUERIES: Readonly<Record<string, SystemQuery>> = {
	'cli/queryEnvironmentVariables': async ({ engine }) => JSON.stringify(await engine.environment()),
	'cli/queryEnvironmentVariables:get': async ({ engine }, args) => {
		const { name } = byName.parse(args);
		const found = (await engine.environment()).find((variable) => variable.name === name);
		return JSON.stringify(found ?? null);
	},
	'cli/tables': async ({ engine }, _args, componentPath) => {
		const names = await engine.tableNames(componentPath);
		return JSON.stringify({ page: names.map((name) => ({ name })), isDone: true, continueCursor: 'end' });
	},
	'cli/tableData': async ({ engine }, args, componentPath) => {
		const { table, order, paginationOpts } = tablePage.parse(args);
		const numItems = Math.min(Math.floor(paginationOpts.numItems), MAX_PAGE);
		const { page, isDone, continueCursor } = await engine.tableData({
			componentPath,
			table,
			order,
			numItems,
			cursor: paginationOpts.cursor
		});
		return `{"page":${page},"isDone":${isDone},"continueCursor":${JSON.stringify(continueCursor)}}`;
	},
	/** Another answer after every commit: the CLI waits for the data that refused a push to change. */
	'cli/queryTable': async ({ engine }, args) => JSON.stringify(`${byTable.parse(args).tableName}@${engine.latestTs()}`),
	'cli/tableSize': async ({ engine }, args, componentPath) =>
		String(await countDocuments(engine, componentPath, byTable.parse(args).tableName)),
	'cli/queryImport': async ({ imports }, args) => {
		const found = imports.get(z.object({ importId: z.string() }).parse(args).importId);
		return JSON.stringify(found === null ? null : importJson(found));
	},
	'cli/queryImport:list': async ({ imports }) => JSON.stringify(imports.all.map(importJson)),
	'cli/exports:getLatest': async ({ exports }) => JSON.stringify(exportJson(exports.latest)),
	'frontend/getSchemas': async ({ engine }, _args, componentPath) => {
		const schema = (await analysisAt(engine, componentPath))?.schema ?? null;
		return JSON.stringify(schema === null ? {} : { active: JSON.stringify(schema) });
	},
	'cli/modules:apiSpec': async ({ engine }, _args, componentPath) =>
		JSON.stringify(await apiSpec(engine, componentPath)),
	'cli/convexUrl:cloudUrl': async ({ cloudUrl }) => JSON.stringify(cloudUrl),
	'frontend/components:list': async ({ engine }) => JSON.stringify((await engine.components()).map(listed))
};

function importJson({ id, mode, format, state }: Imports['all'][number]): unknown {
	return { _id: id, mode, format: { format }, state: convexToJson({ ...state }) };
}

function exportJson(latest: ExportState | null): unknown {
	if (latest?.state !== 'completed') return latest;
	const { startTs, completeTs, expirationTs, includeStorage } = latest;
	return convexToJson({
		state: 'completed',
		start_ts: startTs,
		complete_ts: completeTs,
		expiration_ts: expirationTs,
		requestor: 'snapshotExport',
		format: { format: 'zip', include_storage: includeStorage }
	});
}

/** Binds the system queries to a deployment. */
export function createSystemQueries(surroundings: Surroundings): SystemQueries {
	return (spec, identity) => {
		if (!spec.path.startsWith('_system/')) return null;
		const name = spec.path
			.slice('_system/'.length)
			.replace(/\.js(?=:|$)/, '')
			.replace(/:default$/, '');
		return answer(surroundings, name, spec, identity);
	};
}

/** Never rejects. */
async function answer(
	surroundings: Surroundings,
	name: string,
	spec: QuerySpec,
	identity: Identity
): Promise<QueryResult> {
	return { outcome: await outcomeOf(surroundings, name, spec, identity), journal: null, readIdentity: true };
}

async function outcomeOf(
	surroundings: Surroundings,
	name: string,
	spec: QuerySpec,
	identity: Identity
): Promise<Outcome> {
	if (identity.kind !== 'admin') return failed('Server Error');
	const query = Object.hasOwn(QUERIES, name) ? QUERIES[name] : undefined;
	if (!query)
		return failed(`Could not find function for '_system/${name}': this deployment does not have that system query.`);
	try {
		if (!(await surroundings.engine.components()).some(({ path }) => path === spec.componentPath))
			return failed(`Component path '${spec.componentPath}' not found`);
		const [args] = z.array(z.unknown()).parse(JSON.parse(spec.args));
		return { ok: true, value: await query(surroundings, args ?? {}, spec.componentPath), logLines: [] };
	} catch (error) {
		return failed(
			error instanceof z.ZodError ? `The arguments of '_system/${name}' are not as expected.` : sentence(error)
		);
	}
}

function failed(message: string): Outcome {
	return { ok: false, failure: { message: `[Request ID: ${newRequestId()}] ${message}` }, logLines: [] };
}

function sentence(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

/** An entry of the list of components. Nothing but the path tells one from another here, so it is the id too. */
function listed({ path, state, args, httpPrefix }: ComponentEntry): unknown {
	const name = path === '' ? {} : { name: path.slice(path.lastIndexOf('/') + 1) };
	const values = Object.entries(args).map(([key, json]): [string, unknown] => [key, JSON.parse(json)]);
	return { id: path, ...name, path, args: Object.fromEntries(values), state, httpPrefix };
}

/** What the code of a mounted component was found to export. */
async function analysisAt(engine: Engine, componentPath: string): Promise<DefinitionAnalysis | undefined> {
	const analysis = await engine.analysis();
	const component = [...mounted(analysis.app)].find((each) => each.componentPath === componentPath);
	return component && analysisOf(analysis, component.definitionPath);
}

async function apiSpec(engine: Engine, componentPath: string): Promise<readonly unknown[]> {
	const { modules = {} } = (await analysisAt(engine, componentPath)) ?? {};
	return Object.entries(modules).flatMap(([path, module]) => [
		...module.functions.map(({ name, udfType, visibility, args, returns }) => ({
			identifier: `${path}:${name}`,
			functionType: udfType,
			visibility,
			args: parseValidator(args),
			returns: parseValidator(returns)
		})),
		...(module.httpRoutes ?? []).map(({ route }) => ({
			functionType: 'HttpAction',
			method: route.method,
			path: route.path
		}))
	]);
}

function parseValidator(json: string | null): unknown {
	return json === null ? ANY_VALIDATOR : JSON.parse(json);
}
