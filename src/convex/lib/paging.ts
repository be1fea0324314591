import { IntegrationError } from './errors.ts';

/** One page of a list and the way to the next; null ends the list. */
export interface Page<Item, Cursor extends string | number> {
	readonly items: readonly Item[];
	readonly next: Cursor | null;
}

const MOST_PAGES = 10_000;

/**
 * Walks a paged list from `start` and yields each page. A cursor that comes back, or more pages than `most`, is an
 * `IntegrationError` of kind `bad_response` ("paging loop"), so that no service can keep us for ever.
 */
export async function* pages<Item, Cursor extends string | number>(
	start: Cursor,
	read: (cursor: Cursor) => Promise<Page<Item, Cursor>>,
	most: number = MOST_PAGES
): AsyncGenerator<Page<Item, Cursor>> {
	const seen = new Set<Cursor>();
	for (let cursor: Cursor | null = start; cursor !== null;) {
		if (seen.has(cursor))
			throw new IntegrationError(
				'bad_response',
				'The service sent the same page twice (paging loop); what it lists cannot be read to the end.'
			);
		if (seen.size >= most)
			throw new IntegrationError(
				'bad_response',
				`The service sent more than ${most} pages (paging loop); what it lists cannot be read to the end.`
			);
		seen.add(cursor);
		const page: Page<Item, Cursor> = await read(cursor);
		yield page;
		cursor = page.next;
	}
}
