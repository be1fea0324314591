/** What a push would do to indexes, and on how many documents: the CLI asks before it builds or drops big ones. */
import { z } from 'zod';
import { mounted } from '../engine/components/tree.ts';
import type { Engine, IndexDiff, PreparedPush } from '../engine/types.ts';

const PAGE = 1_000;
/** The CLI warns from 100,000 documents on; there is no need to count further. */
const ENOUGH = 100_000;

const page = z.array(z.unknown());
const indexShape = z.looseObject({ name: z.string() });

const validationShape = z.object({ schemaValidation: z.boolean() });

/** Answer to `evaluate_schema`. */
export async function predictSchema(engine: Engine, { indexDiffs, analysis }: PreparedPush): Promise<unknown> {
	const known = new Set((await engine.components()).map(({ path }) => path));
	const evaluations: Record<string, unknown> = {};
	const added = new Set<string>();
	for (const { componentPath, definitionPath } of mounted(analysis.app)) {
		if (!known.has(componentPath)) added.add(definitionPath);
		const schema = definitionPath === '' ? analysis.schema : analysis.components[definitionPath]?.schema;
		const schemaValidation = validationShape.safeParse(schema).data?.schemaValidation ?? false;
		const indexes = await predictIndexes(engine, componentPath, indexDiffs[componentPath] ?? NO_INDEXES);
		evaluations[componentPath] = { definitionPath, schemaValidation, tables: [], indexes };
	}
	return { componentSchemaEvaluations: evaluations, newComponentDefinitions: [...added] };
}

const NO_INDEXES: IndexDiff = { added: [], removed: [] };

async function predictIndexes(engine: Engine, component: string, { added, removed }: IndexDiff): Promise<unknown[]> {
	const indexes: unknown[] = [];
	for (const [change, changed] of [['added', added] as const, ['dropped', removed] as const]) {
		for (const one of changed) {
			const index = indexShape.parse(one);
			const numDocs = await countDocuments(engine, component, index.name.split('.')[0] ?? '', ENOUGH);
			indexes.push({ ...index, change, needsBackfill: change === 'added', numDocs });
		}
	}
	return indexes;
}

/** Counts by paging, and stops at `limit`. */
export async function countDocuments(
	engine: Engine,
	componentPath: string,
	table: string,
	limit = Infinity
): Promise<number> {
	let count = 0;
	let cursor: string | null = null;
	for (let isDone = false; !isDone && count < limit;) {
		const data = await engine.tableData({ componentPath, table, order: 'asc', numItems: PAGE, cursor });
		count += page.parse(JSON.parse(data.page)).length;
		isDone = data.isDone;
		cursor = data.continueCursor;
	}
	return count;
}
