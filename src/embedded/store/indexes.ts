import { KeyWriter } from '../values/keys.ts';
import { valueAtPath } from '../values/value.ts';
import type { ConvexObject } from '../values/value.ts';
import type { IndexEntry, TableEntry } from './tableEntry.ts';
import { creationTimeOf, orderedFloat } from './clock.ts';
import { textKeys } from './textKeys.ts';
import { vectorKeys } from './vectorKeys.ts';

/** Every index key ends with this many bytes that name the document. */
export const INTERNAL_ID_LENGTH = 16;

/** Tag of a float64: keys end with `_creationTime`, whose bytes are the first half of the internal id. */
const CREATION_TIME_TAG = 0x0d;

const writer = new KeyWriter();
const suffix = new Uint8Array(1 + INTERNAL_ID_LENGTH);
suffix[0] = CREATION_TIME_TAG;

/** Number under which reads and writes of a table's documents in creation order are recorded. Declared indexes have positive ids. */
export function documentsIndex(table: TableEntry): number {
	return -table.tablet;
}

/** The key of a document in creation order. */
export function creationKey(internal: Uint8Array): Uint8Array {
	suffix.set(internal, 1);
	return suffix.slice();
}

/** The index by creation time of a table with documents whose ids do not hold their creation time; null in most tables. */
export function creationIndex(table: TableEntry): IndexEntry | null {
	return table.indexes.find((index) => index.name === 'by_creation_time') ?? null;
}

/** The keys of a document in a declared index, in their order and each once. A function of the document and nothing else. */
export function indexKeys(
	index: IndexEntry,
	fields: ConvexObject,
	internal: Uint8Array,
	creationTime: number
): Uint8Array[] {
	if (index.kind === 'search') return textKeys(index, fields, internal, creationTime);
	if (index.kind === 'vector') return vectorKeys(index, fields, internal);
	return [writeIndexKey(writer.reset(), index, fields, internal, creationTime).finish()];
}

/** Writes the one key of a document in a database index. */
export function writeIndexKey(
	to: KeyWriter,
	index: IndexEntry,
	fields: ConvexObject,
	internal: Uint8Array,
	creationTime: number
): KeyWriter {
	for (const path of index.paths) to.value(valueAtPath(fields, path));
	suffix.set(internal, 1);
	if (creationTimeOf(internal) === creationTime) return to.bytes(suffix);
	// An id from elsewhere: the creation time stands before it.
	return to.bytes(suffix.subarray(0, 1)).bytes(orderedFloat(creationTime)).bytes(internal);
}

/** What turns the keys of a document into those of its next version. Both lists are ordered, as `indexKeys` gives them. */
export interface KeyDifference {
	readonly removed: readonly Uint8Array[];
	readonly added: readonly Uint8Array[];
}

export function differenceOf(before: readonly Uint8Array[], after: readonly Uint8Array[]): KeyDifference {
	const removed: Uint8Array[] = [];
	const added: Uint8Array[] = [];
	let at = 0;
	for (const key of before) {
		let order = 1;
		for (let next = after[at]; next !== undefined && (order = Buffer.compare(key, next)) > 0; next = after[++at])
			added.push(next);
		if (order === 0 && at < after.length) at++;
		else removed.push(key);
	}
	added.push(...after.slice(at));
	return { removed, added };
}

/** Above every internal id and every key: keys start with a tag or a length below 0x21, or with the bytes of a float. */
export const END = new Uint8Array(INTERNAL_ID_LENGTH + 1).fill(0xff);
