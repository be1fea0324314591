import { displayLimit } from '../values/bounds.ts';
import { compareKeys } from '../values/keys.ts';
import { DeveloperError } from '../values/errors.ts';
import { measureJson, mayExceed } from '../values/measure.ts';
import type { Measure } from '../values/measure.ts';
import type { KeyRange } from '../store/types.ts';
import type { JsonFields } from './json.ts';

/** What the functions of one transaction may use up together, by Convex's names. */
export interface TransactionLimits {
	readonly bytesRead: number;
	readonly bytesWritten: number;
	readonly databaseQueries: number;
	readonly documentsRead: number;
	readonly documentsWritten: number;
	readonly functionsScheduled: number;
	readonly scheduledFunctionArgsBytes: number;
}

const TRANSACTION_LIMITS = [
	'bytesRead',
	'bytesWritten',
	'databaseQueries',
	'documentsRead',
	'documentsWritten',
	'functionsScheduled',
	'scheduledFunctionArgsBytes'
] as const satisfies readonly (keyof TransactionLimits)[];

export const CONSIDER =
	'Consider using smaller limits in your queries, paginating your queries, or using indexed queries with a selective index range expressions.';

function refuse(sentence: string): never {
	throw new DeveloperError('LimitExceeded', sentence);
}

/** Bytes of documents, of which the exact number is worked out only once it may matter. */
class Bytes {
	#exact = 0;
	#characters = 0;
	#unmeasured: string[] = [];

	add(json: string): void {
		this.#unmeasured.push(json);
		this.#characters += json.length + 1;
	}

	exceeds(limit: number): boolean {
		return mayExceed(this.#characters, limit - this.#exact) && this.total > limit;
	}

	get total(): number {
		for (const json of this.#unmeasured) this.#exact += measureJson(json).size;
		this.#unmeasured = [];
		this.#characters = 0;
		return this.#exact;
	}
}

/** What was written at some moment; a nested mutation that fails gives back what it wrote since. */
export interface WriteMark {
	readonly documents: number;
	readonly bytes: number;
}

/** What the functions of one transaction have used up so far. */
export class Usage {
	scheduled = 0;
	scheduledBytes = 0;
	/** Bytes of stored files. */
	storageRead = 0;
	storageWritten = 0;
	/** Bytes of the largest arguments that were scheduled. */
	largestScheduled = 0;
	/** The largest document written (bytes) and the most nested one (levels). */
	largest = { id: '', value: 0 };
	deepest = { id: '', value: 0 };
	#documentsRead = 0;
	#documentsWritten = 0;
	readonly #bytesRead = new Bytes();
	#bytesWritten = 0;
	readonly #ids = new Set<string>();
	readonly #ranges = new Map<string, IntervalUnion>();
	#rangeCount = 0;

	/** A document was read from a table of the app's. */
	readDocument(json: string, limits: TransactionLimits): void {
		this.#documentsRead++;
		this.#bytesRead.add(json);
		if (this.#documentsRead > limits.documentsRead) {
			refuse(`Too many documents read in a single function execution (limit: ${limits.documentsRead}). ${CONSIDER}`);
		}
		if (this.#bytesRead.exceeds(limits.bytesRead)) {
			refuse(`Too many bytes read in a single function execution (limit: ${limits.bytesRead} bytes). ${CONSIDER}`);
		}
	}

	/** One id was looked up, found or not. */
	readId(id: string, limits: TransactionLimits): void {
		this.#ids.add(id);
		this.#checkRanges(limits);
	}

	/** A part of an index was read. Parts that touch are one. Without limits, one that was counted has grown. */
	readRange(index: string, range: KeyRange, limits: TransactionLimits | null): void {
		let union = this.#ranges.get(index);
		if (union === undefined) this.#ranges.set(index, (union = new IntervalUnion()));
		const before = union.size;
		union.add(range);
		this.#rangeCount += union.size - before;
		if (limits !== null) this.#checkRanges(limits);
	}

	/** A document was written; `document` measures the new one and is null for a removal. */
	wroteDocument(id: string, document: Pick<Measure, 'size' | 'nesting'> | null, limits: TransactionLimits): void {
		this.#documentsWritten++;
		if (document !== null) {
			this.#bytesWritten += document.size;
			if (document.size > this.largest.value) this.largest = { id, value: document.size };
			if (document.nesting > this.deepest.value) this.deepest = { id, value: document.nesting };
		}
		if (this.#documentsWritten > limits.documentsWritten) {
			refuse(`Too many writes in a single function execution (limit: ${limits.documentsWritten})`);
		}
		if (this.#bytesWritten > limits.bytesWritten) {
			refuse(`Too many bytes written in a single function execution (limit: ${displayLimit(limits.bytesWritten)})`);
		}
	}

	/** A function is about to be scheduled with arguments of so many bytes. */
	schedule(bytes: number, limits: TransactionLimits): void {
		if (this.scheduled >= limits.functionsScheduled) {
			refuse(`Too many functions scheduled by this mutation (limit: ${limits.functionsScheduled})`);
		}
		if (this.scheduledBytes + bytes > limits.scheduledFunctionArgsBytes) {
			refuse(
				`Too large total size of the arguments of scheduled functions from this mutation (limit: ${limits.scheduledFunctionArgsBytes} bytes)`
			);
		}
		this.scheduled++;
		this.scheduledBytes += bytes;
		this.largestScheduled = Math.max(this.largestScheduled, bytes);
	}

	markWrites(): WriteMark {
		return { documents: this.#documentsWritten, bytes: this.#bytesWritten };
	}

	/** Forgets what was written since the mark. What was read or scheduled stays counted, as it does at Convex. */
	forgetWrites({ documents, bytes }: WriteMark): void {
		this.#documentsWritten = documents;
		this.#bytesWritten = bytes;
	}

	get used(): TransactionLimits {
		return this.usedAbove(0);
	}

	/** As `used`, where bytes read are 0 when they are certainly not more than so many: to know that costs less. */
	usedAbove(bytesRead: number): TransactionLimits {
		return {
			bytesRead: this.#bytesRead.exceeds(bytesRead) ? this.#bytesRead.total : 0,
			bytesWritten: this.#bytesWritten,
			databaseQueries: this.#ids.size + this.#rangeCount,
			documentsRead: this.#documentsRead,
			documentsWritten: this.#documentsWritten,
			functionsScheduled: this.scheduled,
			scheduledFunctionArgsBytes: this.scheduledBytes
		};
	}

	#checkRanges({ databaseQueries }: TransactionLimits): void {
		if (this.#ids.size + this.#rangeCount <= databaseQueries) return;
		refuse(`Too many reads in a single function execution (limit: ${databaseQueries}). ${CONSIDER}`);
	}
}

/**
 * The limits of a nested call that was given a budget: as much again as it is given, on top of what is used, and never
 * more than its caller has.
 */
export function budgeted(
	budget: Partial<TransactionLimits>,
	used: TransactionLimits,
	ceiling: TransactionLimits
): TransactionLimits {
	const limits: { -readonly [K in keyof TransactionLimits]: number } = { ...ceiling };
	for (const name of TRANSACTION_LIMITS) {
		const given = budget[name];
		if (given !== undefined) limits[name] = Math.min(used[name] + given, ceiling[name]);
	}
	return limits;
}

/** What `getTransactionMetrics` tells of each limit: how much is used, and how much is left. */
export function metricsOf(
	used: TransactionLimits,
	limits: TransactionLimits
): Readonly<Record<string, { readonly used: number; readonly remaining: number }>> {
	return Object.fromEntries(
		TRANSACTION_LIMITS.map((name) => [name, { used: used[name], remaining: limits[name] - used[name] }])
	);
}

/** The budget that a call gives to a nested one. */
export function budgetFrom(fields: JsonFields): Partial<TransactionLimits> {
	return Object.fromEntries(
		TRANSACTION_LIMITS.filter((name) => fields.has(name)).map((name) => [name, fields.number(name)])
	);
}

/** Disjoint half-open intervals of one index; such as touch or overlap are one. */
class IntervalUnion {
	readonly #intervals: KeyRange[] = [];

	get size(): number {
		return this.#intervals.length;
	}

	add(range: KeyRange): void {
		const intervals = this.#intervals;
		// The first interval that does not end before the new one begins.
		let first = 0;
		let end = intervals.length;
		while (first < end) {
			const middle = (first + end) >> 1;
			if (endsBefore(intervals[middle], range.lower)) first = middle + 1;
			else end = middle;
		}
		let { lower, upper } = range;
		let last = first;
		for (; last < intervals.length; last++) {
			const next = intervals[last];
			if (next === undefined || (upper !== null && compareKeys(next.lower, upper) > 0)) break;
			if (compareKeys(next.lower, lower) < 0) lower = next.lower;
			if (next.upper === null || (upper !== null && compareKeys(next.upper, upper) > 0)) upper = next.upper;
		}
		intervals.splice(first, last - first, { lower, upper });
	}
}

function endsBefore(interval: KeyRange | undefined, key: Uint8Array): boolean {
	return interval !== undefined && interval.upper !== null && compareKeys(interval.upper, key) < 0;
}
