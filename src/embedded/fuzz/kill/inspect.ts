import { join } from 'node:path';
import { z } from 'zod';
import { indexFaults } from '../../store/integrity.ts';
import { SqliteStore } from '../../store/store.ts';
import { EVERYTHING } from '../../values/keys.ts';

const batchShape = z.object({ batch: z.string(), rows: z.number() });
const rowShape = z.object({ batch: z.string(), row: z.number() });
const markShape = z.object({ batch: z.string(), kind: z.enum(['mutation', 'action']) });
const keepShape = z.object({ name: z.string(), storageId: z.string() });
const jobShape = z.object({ name: z.string(), state: z.object({ kind: z.string() }) });

/** What was acknowledged to clients, or told to have failed. */
export interface Told {
	readonly batches: ReadonlySet<string>;
	readonly failed: ReadonlySet<string>;
	readonly kept: ReadonlySet<string>;
	/** The latest timestamp that anybody heard of. */
	readonly ts: bigint;
}

export interface Inspection {
	readonly faults: string[];
	readonly batches: number;
	readonly rows: number;
	/** Actions that ran to their mark; of the others nothing may be left but their job, as failed. */
	readonly actionMarks: number;
}

/**
 * Reads the file that a dead deployment left. `settled` says that nothing was under way, so that everything scheduled has
 * ended. The file must not be open elsewhere.
 */
export function inspect(dataDir: string, told: Told, settled: boolean): Inspection {
	const store = SqliteStore.open(join(dataDir, 'data.sqlite'));
	try {
		const faults = indexFaults(store);
		const check = String(store.database.row('PRAGMA integrity_check')?.[0]);
		if (check !== 'ok') faults.push(`SQLite: ${check}`);
		if (store.latestTs < told.ts) faults.push(`The file is at ${store.latestTs}, and ${told.ts} was told.`);

		const batches = documents(store, 'batches', batchShape);
		const rows = count(documents(store, 'rows', rowShape), ({ batch }) => batch);
		const marks = documents(store, 'marks', markShape);
		const byMutation = count(
			marks.filter(({ kind }) => kind === 'mutation'),
			({ batch }) => batch
		);
		const byAction = count(
			marks.filter(({ kind }) => kind === 'action'),
			({ batch }) => batch
		);
		const names = count(batches, ({ batch }) => batch);
		for (const { batch, rows: expected } of batches) {
			if (names.get(batch) !== 1) faults.push(`Batch ${batch} was written ${names.get(batch)} times.`);
			if ((rows.get(batch) ?? 0) !== expected)
				faults.push(`Batch ${batch} has ${rows.get(batch)} of ${expected} rows.`);
			const ran = byMutation.get(batch) ?? 0;
			if (ran > 1 || (settled && ran === 0)) faults.push(`The mutation scheduled by ${batch} ran ${ran} times.`);
			if ((byAction.get(batch) ?? 0) > 1)
				faults.push(`The action scheduled by ${batch} ran ${byAction.get(batch)} times.`);
		}
		for (const batch of [...rows.keys(), ...byMutation.keys(), ...byAction.keys()])
			if (!names.has(batch)) faults.push(`Something of ${batch} is there, and the batch is not.`);
		for (const batch of told.batches)
			if (!names.has(batch)) faults.push(`Batch ${batch} was acknowledged and is lost.`);
		for (const batch of told.failed)
			if (names.has(batch)) faults.push(`Batch ${batch} was told to have failed and is there.`);
		const kept = new Set(documents(store, 'keeps', keepShape).map(({ name }) => name));
		for (const name of told.kept) if (!kept.has(name)) faults.push(`File ${name} was acknowledged and is lost.`);
		if (settled) {
			const open = documents(store, '_scheduled_functions', jobShape).filter(({ state }) =>
				/pending|inProgress/.test(state.kind)
			);
			for (const { name, state } of open) faults.push(`A scheduled ${name} is still ${state.kind}.`);
		}
		return { faults: [...new Set(faults)], batches: batches.length, rows: rows.size, actionMarks: byAction.size };
	} finally {
		store.close();
	}
}

function documents<T>(store: SqliteStore, table: string, shape: z.ZodType<T>): T[] {
	const tx = store.begin('read');
	try {
		const scan = tx.scan('', table, 'by_creation_time', EVERYTHING, 'asc');
		const found: T[] = [];
		for (let entry = scan.next(); entry !== null; entry = scan.next())
			found.push(shape.parse(JSON.parse(entry.document.json)));
		scan.close();
		return found;
	} finally {
		tx.commit();
	}
}

function count<T>(items: readonly T[], name: (item: T) => string): Map<string, number> {
	const counts = new Map<string, number>();
	for (const item of items) counts.set(name(item), (counts.get(name(item)) ?? 0) + 1);
	return counts;
}
