/** What an import would change, for the person who confirms it. */
import type { ImportMode } from '../store/staging.ts';
import { ImportRefusal } from './refusal.ts';

export interface TableCount {
	readonly component: string;
	readonly name: string;
	readonly count: number;
}

export interface ImportSummary {
	readonly message: string;
	/** Whether something would be deleted. */
	readonly deletes: boolean;
}

/** Throws an ImportRefusal when a table that must be empty is not. */
export function summarize(
	mode: ImportMode,
	imported: readonly TableCount[],
	existing: readonly TableCount[]
): ImportSummary {
	const key = ({ component, name }: TableCount): string => `${component}\0${name}`;
	const before = new Map(existing.map((table) => [key(table), table.count]));
	const added = new Map(imported.map((table) => [key(table), table]));
	if (mode === 'replaceAll') {
		for (const table of existing) {
			if (!table.name.startsWith('_') && !added.has(key(table))) added.set(key(table), { ...table, count: 0 });
		}
	}
	const changes = [...added.values()]
		.filter(({ name }) => !name.startsWith('_') || name === '_storage')
		.sort((a, b) => (key(a) < key(b) ? -1 : 1))
		.map((table) => {
			const had = before.get(key(table)) ?? 0;
			if (mode === 'requireEmpty' && had > 0) {
				throw new ImportRefusal(
					`Table ${table.name} already exists. Please choose a new table name or use replace/append modes.`
				);
			}
			return { ...table, had, deleted: mode === 'replace' || mode === 'replaceAll' ? had : 0 };
		});
	const lines: string[] = [];
	for (const component of new Set(changes.map((change) => change.component))) {
		if (component !== '') lines.push(`Component ${component}`);
		const own = changes.filter((change) => change.component === component);
		lines.push(
			...rendered(
				own.map(({ name, count, had, deleted }) => [
					name,
					count.toLocaleString('en-US'),
					`${deleted.toLocaleString('en-US')} of ${had.toLocaleString('en-US')}${name === '_storage' ? ' files' : ''}`
				])
			)
		);
	}
	if (lines.length > 0) lines.unshift('Import change summary:');
	lines.push(
		'Once the import has started, it will run in the background.\nInterrupting `npx convex import` will not cancel it.'
	);
	return { message: lines.join('\n'), deletes: changes.some(({ deleted }) => deleted > 0) };
}

function rendered(rows: readonly (readonly string[])[]): string[] {
	const all = [['table', 'create', 'delete'], ...rows];
	const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
	const lines = all.map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`);
	const [head = ''] = lines;
	return [head, '-'.repeat(head.length), ...lines.slice(1)];
}
