import { createHash } from 'node:crypto';
import type { JSONValue } from 'convex/values';
import type { KeyRange } from '../../store/types.ts';
import { DeveloperError } from '../../values/errors.ts';
import { keyAfter } from '../../values/keys.ts';
import type { Call } from '../call.ts';
import { parseJson } from '../json.ts';
import type { JsonFields } from '../json.ts';
import { measureJson } from '../../values/measure.ts';
import type { Signer } from '../secret.ts';
import { planQuery, QueryStream } from './stream.ts';
import type { QueryPlan } from './stream.ts';

/** After which key a page ends; null when it reaches the end of the query. */
type Position = Uint8Array | null;

const PURPOSE = 'cursor';
const SOFT = 3 / 4;

/**
 * `ctx.db.query(…).paginate(…)`. A page ends after so many documents, or exactly where an earlier run of the same query
 * ended it (its journal) or the caller says (`endCursor`), so that the pages of a live list neither gap nor overlap.
 */
export function queryPage(call: Call, args: JsonFields, signer: Signer): string {
	if (call.component !== '') {
		throw new DeveloperError(
			'InvalidValue',
			'paginate() is only supported in the app. Learn more at https://docs.convex.dev/components/authoring#pagination'
		);
	}
	if (call.nextJournal !== null) {
		throw new DeveloperError(
			'InvalidValue',
			'This query or mutation function ran multiple paginated queries. Convex only supports a single paginated query in each function.'
		);
	}
	const pageSize = args.number('pageSize');
	if (pageSize < 1) throw new DeveloperError('InvalidValue', 'Must request at least 1 document while paginating');
	if (pageSize > call.limits.documentsRead)
		throw new DeveloperError('InvalidValue', `Requested too many items: ${pageSize}`);
	const maxRows = args.optionalNumber('maximumRowsRead') ?? call.limits.documentsRead;
	const maxBytes = args.optionalNumber('maximumBytesRead') ?? call.limits.bytesRead;
	if (maxRows <= 0 || maxBytes <= 0)
		throw new DeveloperError('InvalidValue', 'maximumRowsRead and maximumBytesRead must be greater than 0');

	const cursors = new Cursors(signer, args.json('query'));
	const start = args.optionalText('cursor');
	const endText = args.optionalText('endCursor') ?? call.journal;
	const end = endText === null ? undefined : cursors.read(endText);
	const plan = planQuery(call, args.json('query'));
	const bounded = { ...plan, range: bound(plan, start === null ? undefined : cursors.read(start), end) };
	const page =
		start !== null && cursors.read(start) === null
			? EMPTY
			: readPage(call, bounded, { pageSize: end === undefined ? pageSize : Infinity, maxRows, maxBytes });

	// A pinned page ends where it was pinned, unless it had to stop before.
	const position = page.complete && end !== undefined ? end : page.complete ? null : page.last;
	const continueCursor = cursors.write(position);
	call.nextJournal = continueCursor;
	const split = page.status === null ? null : page.keys[(page.keys.length - 1) >> 1];
	const rest = JSON.stringify({
		isDone: position === null,
		continueCursor,
		splitCursor: split === null || split === undefined ? null : cursors.write(split),
		pageStatus: page.status
	});
	return `{"page":[${page.documents.join(',')}],${rest.slice(1)}`;
}

interface Page {
	readonly documents: readonly string[];
	/** Keys of all rows read, for the split point. */
	readonly keys: readonly Uint8Array[];
	readonly last: Position;
	/** Whether the range was read to its end. */
	readonly complete: boolean;
	readonly status: 'SplitRecommended' | 'SplitRequired' | null;
}

const EMPTY: Page = { documents: [], keys: [], last: null, complete: true, status: null };

interface PageBounds {
	readonly pageSize: number;
	readonly maxRows: number;
	readonly maxBytes: number;
}

function readPage(call: Call, plan: QueryPlan, { pageSize, maxRows, maxBytes }: PageBounds): Page {
	const stream = new QueryStream(call, plan);
	const documents: string[] = [];
	const keys: Uint8Array[] = [];
	let bytes = 0;
	let status: Page['status'] = null;
	let complete = false;
	while (documents.length < pageSize) {
		if (keys.length >= maxRows || bytes >= maxBytes) {
			status = 'SplitRequired';
			break;
		}
		const row = stream.nextRow();
		if (row === null) {
			complete = true;
			break;
		}
		keys.push(row.entry.key);
		bytes += measureJson(row.entry.document.json).size;
		if (row.kept) documents.push(row.entry.document.json);
		if (keys.length > maxRows * SOFT || bytes > maxBytes * SOFT) status = 'SplitRecommended';
	}
	stream.close();
	return { documents, keys, last: stream.lastKey, complete, status };
}

function bound(plan: QueryPlan, start: Position | undefined, end: Position | undefined): KeyRange {
	let { lower, upper } = plan.range;
	if (plan.order === 'asc') {
		if (start) lower = keyAfter(start);
		if (end) upper = keyAfter(end);
	} else {
		if (start) upper = start;
		if (end) lower = end;
	}
	return { lower, upper };
}

/** Cursors of one query: signed, and of no use with another query. */
class Cursors {
	readonly #signer: Signer;
	readonly #fingerprint: string;

	constructor(signer: Signer, query: JSONValue) {
		this.#signer = signer;
		this.#fingerprint = createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, 16);
	}

	write(position: Position): string {
		return this.#signer.seal(
			PURPOSE,
			JSON.stringify([this.#fingerprint, position === null ? null : Buffer.from(position).toString('base64')])
		);
	}

	read(text: string): Position {
		const payload = this.#signer.open(PURPOSE, text);
		const parsed = payload === null ? null : parseJson(payload);
		const [fingerprint, key] = Array.isArray(parsed) ? parsed : [];
		if (fingerprint === undefined) throw new DeveloperError('InvalidValue', 'InvalidCursor: Failed to parse cursor');
		if (fingerprint !== this.#fingerprint) {
			throw new DeveloperError(
				'InvalidValue',
				`InvalidCursor: Tried to run a query starting from a cursor, but it looks like this cursor is from a different query.`
			);
		}
		return typeof key === 'string' ? new Uint8Array(Buffer.from(key, 'base64')) : null;
	}
}
