import { ConvexError } from 'convex/values';
import { AuthFailure } from '../../auth/failure.ts';

/** A sentence for a call that was rejected. Functions put theirs in `ConvexError`'s data. */
export function causeInWords(cause: unknown): string {
	if (cause instanceof AuthFailure) return cause.message;
	if (cause instanceof ConvexError) {
		const data: unknown = cause.data;
		if (typeof data === 'string') return data;
		if (typeof data === 'object' && data !== null && 'message' in data && typeof data.message === 'string')
			return data.message;
	}
	return 'The deployment could not do this. Its log names the cause; nothing was changed. Try again.';
}
