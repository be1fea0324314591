/** What the audit log is filtered by, as it stands in the address of its page. */
export const EVENTS_PER_PAGE = 30;

export interface AuditFilter {
	readonly action?: string;
	readonly actor?: string;
	/** `YYYY-MM-DD`, in UTC: from this day backwards. */
	readonly day?: string;
}

/** The filter of an address; what is empty is left out. */
export function filterOf(url: URL): AuditFilter {
	const text = (name: string) => url.searchParams.get(name) || undefined;
	const filter = { action: text('action'), actor: text('actor'), day: text('day') };
	return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

/** The query string of a filter, with its question mark; "" for none. */
export function searchOf(filter: AuditFilter): '' | `?${string}` {
	const entries = Object.entries(filter).filter(([, value]) => value);
	return entries.length === 0 ? '' : `?${new URLSearchParams(Object.fromEntries(entries)).toString()}`;
}
