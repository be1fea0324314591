/** An origin that nobody has: what leaves it would have left ours. */
const OWN = 'http://own.invalid';
const MAX_LENGTH = 2_000;

/**
 * Where a visitor may be sent by what stands in a URL or a form (`?redirectTo=…`): a path of this site with its query and
 * fragment. Whatever could lead elsewhere, in a browser or behind a proxy that decodes once more, becomes `fallback`.
 */
export function safeRedirect(target: unknown, fallback = '/'): string {
	if (typeof target !== 'string' || target.length > MAX_LENGTH) return fallback;
	// Browsers drop tabs and line breaks from URLs and read a backslash as a slash: no honest path of ours has either.
	if (!/^\/[\x21-\x5b\x5d-\x7e]*$/.test(target)) return fallback;
	if (!URL.canParse(target, OWN)) return fallback;
	const url = new URL(target, OWN);
	// `/.//host` and `/a/..//host` have become `//host` by now.
	if (url.origin !== OWN || url.username !== '' || leadsAway(url.pathname)) return fallback;
	return `${url.pathname}${url.search}${url.hash}`;
}

/** Whether a path, as it is or decoded once, begins like the address of another host. */
function leadsAway(path: string): boolean {
	return /^\/(?:[/\\]|%2f|%5c)/i.test(path);
}
