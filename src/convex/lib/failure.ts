/** Any thrown thing as a kind and a sentence. */
import { ConvexError } from 'convex/values';
import { z } from 'zod';
import { ERROR_KINDS, IntegrationError } from './errors.ts';
import type { ErrorKind } from './errors.ts';
import type { Failure } from './validators.ts';

const UNFORESEEN =
	'Something went wrong that Plumbline did not foresee. The log of the deployment has the details; trying again may help.';

export interface Failed {
	readonly kind: ErrorKind;
	readonly message: string;
	readonly field?: string;
	readonly missingScopes?: readonly string[];
	readonly retryAt: number | null;
}

/** What our own mutations refuse, as an action that called one catches it. */
const refusal = z.object({ kind: z.enum(ERROR_KINDS), message: z.string() });

/**
 * An IntegrationError says by itself what to do, and so does a refusal of our own mutations; anything else is a defect,
 * which is logged. `redact` hides secrets in all. `own` are the integration's sentences by kind.
 */
export function failedWith(
	error: unknown,
	redact: (text: string) => string,
	own: Readonly<Partial<Record<ErrorKind, string>>> = {}
): Failed {
	if (error instanceof IntegrationError) {
		const { field, missingScopes, retryAt } = error.details;
		const message = redact(error.message || own[error.kind] || UNFORESEEN);
		return { kind: error.kind, message, field, missingScopes, retryAt: retryAt ?? null };
	}
	const refused = refusal.safeParse(error instanceof ConvexError ? error.data : null);
	if (refused.success) return { kind: refused.data.kind, message: redact(refused.data.message), retryAt: null };
	console.error(redact(error instanceof Error ? (error.stack ?? error.message) : String(error)));
	return { kind: 'bad_response', message: UNFORESEEN, retryAt: null };
}

/** The same as an answer of connecting. */
export function failureOf({ kind, message, field, missingScopes }: Failed): Failure {
	return { success: false, kind, error: message, field, missingScopes: missingScopes && [...missingScopes] };
}

/** A failure that is the form's, before anything was sent. */
export function refuse(error: string, field?: string): Failure {
	return { success: false, kind: 'config', error, field };
}
