import { createHash } from 'node:crypto';
import type { JSONValue } from 'convex/values';
import type { KeyRange } from '../../store/types.ts';
import { MAX_CANDIDATES } from '../../store/textSearch.ts';
import { DeveloperError } from '../../values/errors.ts';
import { keyAfter } from '../../values/keys.ts';
import type { Call } from '../call.ts';
import { ThrownConvexError } from '../failure.ts';
import { parseJson } from '../json.ts';
import type { JsonFields } from '../json.ts';
import { measureJson } from '../../values/measure.ts';
import type { Signer } from '../secret.ts';
import { planQuery, QueryStream } from './stream.ts';
import type { QueryPlan } from './stream.ts';

/** After which key a page ends; null when it reaches the end of the query. */
type Position = Uint8Array | null;

const PURPOSE = 'cursor';
/** Above this share of a bound, and above this many documents, a page should be split. */
const SOFT = 3 / 4;
const SOFT_PAGE_LENGTH = 8192 * SOFT;

/**
 * `ctx.db.query(…).paginate(…)`. A page ends after so many documents, or exactly where an earlier run of the same query
 * ended it (its journal) or the caller says (`endCursor`), so that the pages of a live list neither gap nor overlap.
 */
export function queryPage(call: Call, args: JsonFields, signer: Signer): string {
	const pageSize = args.count('pageSize');
	if (pageSize === 0) throw refused('Must request at least 1 document while paginating');
	if (pageSize > call.limits.documentsRead) throw refused(`Requested too many items: ${pageSize}`);
	const maxRows = args.optionalCount('maximumRowsRead');
	const maxBytes = args.optionalCount('maximumBytesRead');
	if (maxRows === 0 || maxBytes === 0) throw refused('maximumRowsRead and maximumBytesRead must be greater than 0');
	if (call.component !== '') {
		throw refused(
			'paginate() is only supported in the app. Learn more at https://docs.convex.dev/components/authoring#pagination'
		);
	}
	if (call.nextJournal !== null) {
		throw refused(
			'This query or mutation function ran multiple paginated queries. Convex only supports a single paginated query in each function.'
		);
	}
	const plan = planQuery(call, args.json('query'));
	const cursors = new Cursors(signer, args.json('query'), plan.fields);
	const startText = args.optionalText('cursor');
	const start = startText === null ? undefined : cursors.read(startText);
	const endText = args.optionalText('endCursor');
	const end = endText === null ? cursors.readJournal(call.journal) : cursors.read(endText);

	// The whole of a pinned page is read, whatever it takes: it could not be continued from elsewhere.
	const bounds = end === undefined ? { pageSize, maxRows, maxBytes } : UNBOUNDED;
	const soft = { maxRows: maxRows ?? Infinity, maxBytes: maxBytes ?? Infinity };
	const page = start === null ? EMPTY : readPage(call, { ...plan, range: bound(plan, start, end) }, bounds, soft);
	const position = end === undefined ? page.position : end;
	const continueCursor = cursors.write(position);
	call.nextJournal = continueCursor;
	const split = plan.search === null && page.keys.length > 2 ? page.keys[page.keys.length >> 1] : undefined;
	const rest = JSON.stringify({
		isDone: position === null,
		continueCursor,
		splitCursor: split === undefined ? null : cursors.write(split),
		pageStatus: page.status
	});
	return `{"page":[${page.documents.join(',')}],${rest.slice(1)}`;
}

interface Page {
	readonly documents: readonly string[];
	/** Keys of all rows read, kept by the filters or not. */
	readonly keys: readonly Uint8Array[];
	/** Where the page ends; null when there is no more. */
	readonly position: Position;
	readonly status: 'SplitRecommended' | 'SplitRequired' | null;
}

const EMPTY: Page = { documents: [], keys: [], position: null, status: null };

interface PageBounds {
	readonly pageSize: number;
	readonly maxRows: number | null;
	readonly maxBytes: number | null;
}

const UNBOUNDED: PageBounds = { pageSize: Infinity, maxRows: null, maxBytes: null };

function readPage(
	call: Call,
	plan: QueryPlan,
	{ pageSize, maxRows, maxBytes }: PageBounds,
	soft: { readonly maxRows: number; readonly maxBytes: number }
): Page {
	const stream = new QueryStream(call, plan);
	const documents: string[] = [];
	const keys: Uint8Array[] = [];
	let bytes = 0;
	let status: Page['status'] = null;
	let complete = false;
	while (documents.length < pageSize) {
		// A search is bounded by its candidates alone.
		const full = plan.search === null && (keys.length >= (maxRows ?? Infinity) || bytes >= (maxBytes ?? Infinity));
		if (full) {
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
	}
	stream.close();
	const softRows = SOFT * (plan.search === null ? Math.min(soft.maxRows, call.limits.documentsRead) : MAX_CANDIDATES);
	const softBytes =
		SOFT * (plan.search === null ? Math.min(soft.maxBytes, call.limits.bytesRead) : call.limits.bytesRead);
	if (keys.length > Math.floor(softRows) || bytes > Math.floor(softBytes) || documents.length > SOFT_PAGE_LENGTH)
		status ??= 'SplitRecommended';
	return { documents, keys, position: complete ? null : stream.lastKey, status };
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

/**
 * Cursors of one query: sealed, since they hold fields that the function may not have returned, and of no use with another
 * query or once the index has other fields.
 */
class Cursors {
	readonly #signer: Signer;
	readonly #fingerprint: string;

	constructor(signer: Signer, query: JSONValue, fields: readonly string[]) {
		this.#signer = signer;
		this.#fingerprint = createHash('sha256')
			.update(JSON.stringify([query, fields]))
			.digest('base64url')
			.slice(0, 22);
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
		if (fingerprint === undefined) throw refused('InvalidCursor: Failed to parse cursor');
		if (fingerprint !== this.#fingerprint) {
			// The clients look for this data and begin again with the first page.
			throw new ThrownConvexError(
				'InvalidCursor: Tried to run a query starting from a cursor, but it looks like this cursor is from a different query.',
				{ isConvexSystemError: true, paginationError: 'InvalidCursor' }
			);
		}
		return typeof key === 'string' ? new Uint8Array(Buffer.from(key, 'base64')) : null;
	}

	/** Where an earlier run ended; a journal that this deployment did not write counts as none. */
	readJournal(journal: string | null): Position | undefined {
		return journal === null || this.#signer.open(PURPOSE, journal) === null ? undefined : this.read(journal);
	}
}

function refused(message: string): DeveloperError {
	return new DeveloperError('InvalidValue', message);
}
