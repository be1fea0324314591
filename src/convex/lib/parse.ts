/** Turns what came from outside into what is known, or into a sentence. */
import type { z } from 'zod';
import type { TestResult } from './contract.ts';
import { IntegrationError } from './errors.ts';

/** Parses an answer. Throws `bad_response` naming what was asked for and the path of what is wrong in it. */
export function parseAnswer<Schema extends z.ZodType>(
	schema: Schema,
	answer: unknown,
	subject: string
): z.infer<Schema> {
	const parsed = schema.safeParse(answer);
	if (parsed.success) return parsed.data;
	const issue = parsed.error.issues[0];
	const path = issue === undefined || issue.path.length === 0 ? 'the whole answer' : issue.path.map(String).join('.');
	throw new IntegrationError(
		'bad_response',
		`The answer for ${subject} has another shape than documented (${path}: ${issue?.message}).`
	);
}

/** A finite number out of a JSON number or a decimal text (`"-1.5e3"`); null for NaN, infinities and everything else. */
export function finiteNumber(value: unknown): number | null {
	const decimal = typeof value === 'string' && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value);
	const number = typeof value === 'number' || decimal ? Number(value) : NaN;
	// Adding zero turns -0, which would be drawn with a sign, into 0.
	return Number.isFinite(number) ? number + 0 : null;
}

/** What `testConnection` returns for an error; anything but an IntegrationError is thrown on. */
export function testFailure(error: unknown): TestResult {
	if (!(error instanceof IntegrationError)) throw error;
	const { field, missingScopes } = error.details;
	return { success: false, kind: error.kind, error: error.message, field, missingScopes };
}
