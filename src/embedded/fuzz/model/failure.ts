import type { Value } from 'convex/values';

/** Why something is refused, as far as the model and a real deployment must agree. */
export type Reason =
	| 'document'
	| 'eval'
	| 'filter'
	| 'id'
	| 'index'
	| 'kind'
	| 'missing'
	| 'page'
	| 'range'
	| 'schema'
	| 'table'
	| 'thrown'
	| 'unique';

/** The model refuses. */
export class Refused extends Error {
	readonly reason: Reason;

	constructor(reason: Reason) {
		super(reason);
		this.reason = reason;
	}
}

/** A program threw a ConvexError. */
export class Thrown extends Error {
	readonly data: Value;
	/** Ids given by what is rolled back. */
	readonly ids: readonly string[];

	constructor(data: Value, ids: readonly string[]) {
		super('thrown');
		this.data = data;
		this.ids = ids;
	}
}

export const PLANNED = 'failed as planned';

const TEXTS: readonly (readonly [Reason, RegExp])[] = [
	['thrown', new RegExp(PLANNED)],
	['kind', /is not a function|Cannot read properties of undefined|cannot write|Cannot call a mutation/],
	['unique', /unique\(\) query returned/],
	['schema', /does not match the schema/],
	['table', /[Ii]nvalid table name/],
	['document', /system field|starts with an underscore|doesn't match '_/],
	['missing', /nonexistent document|Table for ID|No scheduled function|not found/i],
	['id', /Unable to decode ID|ystem table|User tables cannot/],
	['range', /Already defined|only be applied to a single|use the index fields in order|doesn't index this field/],
	['filter', /isn't indexed for filtering/],
	['page', /Must request at least|InvalidCursor/],
	['eval', /in a filter|filter operator|as a Boolean|Cannot (add|subtract|multiply|divide|mod|negate) /]
];

/** The reason that an error's text gives. Throws when it gives none: a failure that nobody planned for is a finding. */
export function reasonOf(text: string): Reason {
	if (/Index .* not found/.test(text)) return 'index';
	for (const [reason, pattern] of TEXTS) if (pattern.test(text)) return reason;
	throw new Error(`an unexpected failure: ${text}`);
}
