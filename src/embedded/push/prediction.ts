/** What a push would do to indexes, and on how many documents: the CLI asks before it builds or drops big ones. */
import { z } from 'zod';
import type { Engine, PreparedPush } from '../engine/types.ts';

const PAGE = 1_000;
/** The CLI warns from 100,000 documents on; there is no need to count further. */
const ENOUGH = 100_000;

const page = z.array(z.unknown());
const indexShape = z.looseObject({ name: z.string() });

/** Answer to `evaluate_schema`. */
export async function predictSchema(engine: Engine, { indexDiff, analysis }: PreparedPush): Promise<unknown> {
	const indexes: unknown[] = [];
	for (const [change, changed] of [['added', indexDiff.added] as const, ['dropped', indexDiff.removed] as const]) {
		for (const one of changed) {
			const index = indexShape.parse(one);
			const numDocs = await countDocuments(engine, '', index.name.split('.')[0] ?? '', ENOUGH);
			indexes.push({ ...index, change, needsBackfill: change === 'added', numDocs });
		}
	}
	const schemaValidation =
		z.object({ schemaValidation: z.boolean() }).safeParse(analysis.schema).data?.schemaValidation ?? false;
	return {
		componentSchemaEvaluations: { '': { definitionPath: '', schemaValidation, tables: [], indexes } },
		newComponentDefinitions: []
	};
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
