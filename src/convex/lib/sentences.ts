/** The sentence for each way in which an HTTP exchange fails. */
import type { ErrorKind } from './errors.ts';

export type Messages = Readonly<Partial<Record<ErrorKind, string>>>;

/** The kind of failure that an HTTP status outside 2xx stands for. */
export function kindOfStatus(status: number): ErrorKind {
	if (status === 401 || status === 407) return 'auth';
	if (status === 402 || status === 403 || status === 451) return 'permission';
	if (status === 404 || status === 410) return 'not_found';
	if (status === 408) return 'timeout';
	if (status === 429) return 'rate_limited';
	return status >= 500 ? 'unreachable' : 'bad_response';
}

const SENTENCES: Record<ErrorKind, (host: string) => string> = {
	auth: (host) => `${host} refused the credentials. Check that they are complete and still valid.`,
	permission: (host) =>
		`${host} knows the credentials but they may not read this. Give them the permission, or use others.`,
	not_found: (host) => `${host} does not have what was asked for. Check the address and whether it still exists.`,
	rate_limited: (host) => `${host} takes no more requests for now. Nothing is lost: the sync goes on when it does.`,
	unreachable: (host) =>
		`${host} cannot be reached or is out of order. Check the address; if it is right, the next sync tries again.`,
	timeout: (host) => `${host} did not answer in time. The next sync tries again.`,
	bad_response: (host) =>
		`${host} answered with something that is not the data asked for. Check that the address leads to the API.`,
	config: (host) => `The request to ${host} cannot be sent as configured.`
};

/** A sentence to act on; `said` is what the service itself said, already redacted, or "". */
export function sentence(kind: ErrorKind, host: string, messages: Messages, status?: number, said = ''): string {
	const own = messages[kind] ?? SENTENCES[kind](host);
	const answer = [status === undefined ? '' : `Status ${status}`, said === '' ? '' : `“${said}”`].filter(
		(part) => part !== ''
	);
	return answer.length === 0 ? own : `${own} (${answer.join(': ')})`;
}
