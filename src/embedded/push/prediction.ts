import { z } from 'zod';
import { mounted } from '../engine/components/tree.ts';
import type { Engine } from '../engine/engine.ts';
import type { PreparedPush } from '../engine/pushChanges.ts';

const PAGE = 1_000;

const page = z.array(z.unknown());

/** Answer to `evaluate_schema`. */
export async function predictSchema(engine: Engine, { analysis }: PreparedPush) {
	const predicted = await engine.predictSchema(analysis);
	if ('code' in predicted) return predicted;
	const known = new Set((await engine.components()).map(({ path }) => path));
	const added = [...mounted(analysis.app)]
		.filter(({ componentPath }) => !known.has(componentPath))
		.map(({ definitionPath }) => definitionPath);
	return { componentSchemaEvaluations: predicted.components, newComponentDefinitions: [...new Set(added)] };
}

/** Counts the documents of a table by paging. */
export async function countDocuments(engine: Engine, componentPath: string, table: string): Promise<number> {
	let count = 0;
	let cursor: string | null = null;
	for (let isDone = false; !isDone;) {
		const data = await engine.tableData({ componentPath, table, order: 'asc', numItems: PAGE, cursor });
		count += page.parse(JSON.parse(data.page)).length;
		isDone = data.isDone;
		cursor = data.continueCursor;
	}
	return count;
}
