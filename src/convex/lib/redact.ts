/** Keeps secrets out of every sentence that leaves the HTTP client. */

/** Shorter ones would hide ordinary letters, and no service issues them. */
const SHORTEST_SECRET = 4;
const SHORTEST_FRAGMENT = 6;

const utf8 = new TextEncoder();

function base64(bytes: Uint8Array): string {
	return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/** The part of a base64 text that depends on the secret alone, for each of the three places where it may begin. */
function base64Fragments(secret: string): string[] {
	const bytes = utf8.encode(secret);
	return [0, 1, 2].flatMap((offset) => {
		const padded = new Uint8Array(offset + bytes.length);
		padded.set(bytes, offset);
		const first = Math.ceil((offset * 8) / 6);
		const last = Math.floor(((offset + bytes.length) * 8) / 6);
		const fragment = base64(padded).slice(first, last);
		return [fragment, fragment.replaceAll('+', '-').replaceAll('/', '_')];
	});
}

function forms(secret: string): string[] {
	const url = encodeURIComponent(secret.toWellFormed());
	const form = new URLSearchParams({ q: secret }).toString().slice(2);
	const urls = [url, form, form.replaceAll('+', '%20')];
	const escaped = JSON.stringify(secret).slice(1, -1);
	const fragments = base64Fragments(secret).filter((fragment) => fragment.length >= SHORTEST_FRAGMENT);
	return [
		secret,
		escaped,
		...urls,
		...urls.map((text) => text.replaceAll(/%../g, (code) => code.toLowerCase())),
		...fragments
	];
}

/**
 * A function that replaces every occurrence of the secrets, plain, JSON-escaped, URL-encoded or in base64 (also inside
 * a longer base64 text, as in Basic authentication), by `[hidden]`.
 */
export function redactor(secrets: readonly string[]): (text: string) => string {
	const hidden = secrets.filter((secret) => secret.length >= SHORTEST_SECRET).flatMap(forms);
	const longestFirst = [...new Set(hidden)].toSorted((a, b) => b.length - a.length);
	return (text) => longestFirst.reduce((result, form) => result.replaceAll(form, '[hidden]'), text);
}

/** The first 200 characters of an answer on one line, fit for a sentence; "" for a web page or nothing. */
export function excerpt(body: string, redact: (text: string) => string): string {
	if (looksLikeHtml(body)) return '';
	// Redacted before it is cut, so that no half of a secret is left at the end.
	const line = redact(body.slice(0, 20_000))
		.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
		.trim();
	return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}

export function looksLikeHtml(body: string): boolean {
	return /^\s*</.test(body) && /<(!doctype|html|head|body|title|script|div|h1)\b/i.test(body.slice(0, 2_000));
}
