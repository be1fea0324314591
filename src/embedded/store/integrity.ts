import { KeyWriter } from '../values/keys.ts';
import { parseValue, valueAtPath, isConvexObject } from '../values/value.ts';
import { creationTimeOf } from './clock.ts';
import { indexKeys } from './indexes.ts';
import { indexShape } from './indexShapes.ts';
import type { SqliteStore } from './store.ts';

/**
 * Compares every declared index with the documents. Returns a sentence for each entry that is missing, stray or wrong;
 * none when the file is whole. For tests and for a person who doubts a file.
 */
export function indexFaults(store: SqliteStore): string[] {
	const faults: string[] = [];
	const writer = new KeyWriter();
	const indexes = store.database.rows(
		"SELECT id, tbl, name, fields, state, staged, filled_to FROM indexes WHERE state <> 'dropping'"
	);
	for (const [id, tbl, name, fields, state, staged, filledTo] of indexes) {
		const shape = indexShape(JSON.parse(String(fields)));
		const paths = shape.fields.map((field) => field.split('.'));
		const known = { id: Number(id), name: String(name), state: 'enabled', staged: staged === 1, memory: null } as const;
		const index = { ...shape, paths, ...known };
		const expected = new Set<string>();
		for (const [internal, json] of store.database.rows('SELECT id, json FROM docs WHERE tbl = ?', tbl ?? null)) {
			const document = parseValue(String(json));
			if (!isConvexObject(document) || !(internal instanceof Uint8Array)) continue;
			if (index.kind !== 'database') {
				const created = Number(document._creationTime);
				for (const key of indexKeys(index, document, internal, created)) expected.add(Buffer.from(key).toString('hex'));
				continue;
			}
			writer.reset();
			for (const path of paths) writer.value(valueAtPath(document, path));
			writer.value(document._creationTime);
			// An id that was made here holds the creation time already.
			const rest = creationTimeOf(internal) === document._creationTime ? internal.subarray(8) : internal;
			expected.add(Buffer.from(writer.bytes(rest).finish()).toString('hex'));
		}
		for (const [key] of store.database.rows('SELECT lower(hex(k)) FROM idx WHERE ix = ?', id ?? null)) {
			if (!expected.delete(String(key)))
				faults.push(`Index ${String(name)} of table ${String(tbl)} has a stray entry ${String(key)}.`);
		}
		// An index that is being filled has every document up to where it came, and of the others what was written since.
		const unfilled = (key: string): boolean =>
			state === 'backfilling' &&
			(!(filledTo instanceof Uint8Array) || key.slice(-2 * filledTo.length) > Buffer.from(filledTo).toString('hex'));
		for (const key of expected) {
			if (!unfilled(key)) faults.push(`Index ${String(name)} of table ${String(tbl)} lacks the entry ${key}.`);
		}
	}
	const stray = store.database.row('SELECT count(*) FROM idx WHERE ix NOT IN (SELECT id FROM indexes)')?.[0];
	if (stray !== 0) faults.push(`${String(stray)} entries belong to no index.`);
	return faults;
}
