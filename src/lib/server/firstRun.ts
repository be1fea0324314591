/** Who may make the first account without a code: somebody who sits at this machine. */
import { isIP } from 'node:net';
import type { RequestEvent } from '@sveltejs/kit';
import { env } from '$env/dynamic/private';

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);
/** What says that a request came through something else: scripts/web/gate.ts leaves the last one for what it removed. */
const FORWARDED = /^(?:x-forwarded-.*|forwarded|x-real-ip|via|x-plumbline-forwarded)$/;

/**
 * Whether a request was sent by a browser on this machine: the start bound the pages to loopback and set no public URL,
 * the peer and the name are loopback, and nothing stands between.
 */
export function isAtThisMachine(event: RequestEvent): boolean {
	return (
		env.PLUMBLINE_LOOPBACK === '1' &&
		isLoopbackAddress(event.getClientAddress()) &&
		LOOPBACK_NAMES.has(event.url.hostname) &&
		![...event.request.headers.keys()].some((name) => FORWARDED.test(name))
	);
}

function isLoopbackAddress(address: string): boolean {
	const plain = address.replace(/^::ffff:/i, '');
	return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}
