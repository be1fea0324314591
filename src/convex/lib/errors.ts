/** Everything that can go wrong between us and a service, as a closed set with a sentence for each. */

export const ERROR_KINDS = [
	'auth',
	'permission',
	'not_found',
	'rate_limited',
	'unreachable',
	'timeout',
	'bad_response',
	'config'
] as const;
export type ErrorKind = (typeof ERROR_KINDS)[number];

export interface ErrorDetails {
	/** The form field that is at fault. */
	readonly field?: string;
	/** Permissions the service says are lacking, in its own words. */
	readonly missingScopes?: readonly string[];
	/** When the service allows the next request, in ms since the epoch. */
	readonly retryAt?: number;
	/** HTTP status, when one was received. */
	readonly status?: number;
}

/** A failure a person can act on. `message` is a whole sentence, free of secrets. */
export class IntegrationError extends Error {
	readonly kind: ErrorKind;
	readonly details: ErrorDetails;

	constructor(kind: ErrorKind, message: string, details: ErrorDetails = {}, cause?: unknown) {
		super(message, cause === undefined ? undefined : { cause });
		this.name = 'IntegrationError';
		this.kind = kind;
		this.details = details;
	}
}
