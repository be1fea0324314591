import { MAX_DOCUMENT_BYTES, MAX_DOCUMENT_NESTING } from '../values/bounds.ts';
import { measureJson, mayExceed } from '../values/measure.ts';
import type { Limits } from './limits.ts';
import { CONSIDER } from './usage.ts';
import type { Usage } from './usage.ts';

/** What is told when a figure comes near its limit. */
interface Nearness {
	readonly sentence: string;
	readonly unit?: string;
	readonly advice?: string;
}

/** Sentences about limits that a query or mutation kept but came near to. */
export function usageWarnings(usage: Usage, limits: Limits): string[] {
	const ratio = limits.warningRatio;
	const used = usage.usedAbove(ratio * limits.bytesRead);
	const { largest, deepest } = usage;
	return [
		near(used.documentsRead, limits.documentsRead, ratio, {
			sentence: 'Many documents read in a single function execution',
			advice: CONSIDER
		}),
		near(used.databaseQueries, limits.databaseQueries, ratio, {
			sentence: 'Many reads in a single function execution',
			advice: CONSIDER
		}),
		near(used.bytesRead, limits.bytesRead, ratio, {
			sentence: 'Many bytes read in a single function execution',
			unit: ' bytes',
			advice: CONSIDER
		}),
		near(used.documentsWritten, limits.documentsWritten, ratio, {
			sentence: 'Many writes in a single function execution'
		}),
		near(used.bytesWritten, limits.bytesWritten, ratio, {
			sentence: 'Many bytes written in a single function execution',
			unit: ' bytes'
		}),
		near(used.functionsScheduled, limits.functionsScheduled, ratio, {
			sentence: 'Many functions scheduled by this mutation'
		}),
		near(used.scheduledFunctionArgsBytes, limits.scheduledFunctionArgsBytes, ratio, {
			sentence: 'Large total size of the arguments of scheduled functions from this mutation',
			unit: ' bytes'
		}),
		scheduledArguments(usage.largestScheduled, limits),
		near(largest.value, MAX_DOCUMENT_BYTES, ratio, {
			sentence: `Large document written with ID "${largest.id}"`,
			unit: ' bytes'
		}),
		near(deepest.value, MAX_DOCUMENT_NESTING, ratio, {
			sentence: `Deeply nested document written with ID "${deepest.id}"`,
			unit: ' levels'
		})
	].filter((warning) => warning !== null);
}

/** A sentence about a Convex JSON text that is nearly as large as it may be. */
export function sizeWarnings(json: string, limit: number, ratio: number, sentence: string): string[] {
	if (!mayExceed(json.length, limit * ratio)) return [];
	const warning = near(measureJson(json).size, limit, ratio, { sentence, unit: ' bytes' });
	return warning === null ? [] : [warning];
}

/** A sentence about a function that took nearly as long as it may (milliseconds). */
export function durationWarnings(elapsed: number, limit: number, ratio: number): string[] {
	if (elapsed <= limit * ratio || elapsed > limit) return [];
	return [
		`Function execution took a long time. (maximum duration: ${limit / 1000}s, actual duration: ${elapsed / 1000}s).`
	];
}

/** What an action took, as far as it is told of when it comes near to a limit. */
export interface ActionUsage {
	/** Convex JSON texts, of plain actions. */
	readonly args?: string;
	readonly value?: string | null;
	/** Bytes of the answer of an HTTP action. */
	readonly answered?: number | null;
	/** Milliseconds, and how many there were at most. */
	readonly elapsed: number;
	readonly wallClock: number;
	/** Names of what it began and did not wait for. */
	readonly unawaited: readonly string[];
}

/** Sentences about limits that an action of the default runtime came near to, and about what it did not wait for. */
export function actionWarnings(usage: ActionUsage, limits: Limits): string[] {
	const { args, value, answered, elapsed, wallClock, unawaited } = usage;
	const { argumentBytes, resultBytes, httpBodyBytes, warningRatio: ratio } = limits;
	const large = near(answered ?? 0, httpBodyBytes, ratio, {
		sentence: 'Large response returned from an HTTP action',
		unit: ' bytes'
	});
	return [
		...(args === undefined ? [] : sizeWarnings(args, argumentBytes, ratio, 'Large size of the action arguments')),
		...(large === null ? [] : [large]),
		...unawaitedWarnings(unawaited),
		...durationWarnings(elapsed, wallClock, ratio),
		...(value ? sizeWarnings(value, resultBytes, ratio, 'Large size of the action return value') : [])
	];
}

function unawaitedWarnings(names: readonly string[]): string[] {
	if (names.length === 0) return [];
	const operations = `${names.length} unawaited operation${names.length === 1 ? '' : 's'}`;
	const kinds = [...new Set(names)].sort().join(', ');
	return [
		`${operations}: [${kinds}]. Async operations should be awaited or they might not run. See https://docs.convex.dev/functions/actions#dangling-promises for more information.`
	];
}

function near(actual: number, limit: number, ratio: number, nearness: Nearness): string | null {
	return actual > Math.trunc(limit * ratio) && actual <= limit ? told(actual, limit, nearness) : null;
}

/** Of one scheduled function: a limit that is told of and not enforced. */
function scheduledArguments(actual: number, { scheduledArgumentBytes: limit, warningRatio }: Limits): string | null {
	if (actual <= Math.trunc(limit * warningRatio)) return null;
	const later = actual > limit ? '. This will become a hard error in the future' : '';
	const sentence = `Large arguments for a single scheduled function from this mutation${later}`;
	return told(actual, limit, { sentence, unit: ' bytes' });
}

function told(actual: number, limit: number, { sentence, unit = '', advice }: Nearness): string {
	const tail = advice === undefined ? '' : ` ${advice}`;
	return `${sentence} (actual: ${actual}${unit}, limit: ${limit}${unit}).${tail}`;
}
