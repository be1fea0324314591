/** How functions answer over HTTP: `{status, value | errorMessage, errorData?, logLines}`. */
import { z } from 'zod';
import type { Outcome } from '../engine/types.ts';
import { RequestFailure } from './failure.ts';

/** `encoded`: Convex JSON as it is stored. `clean`: plain JSON, where int64, bytes and special floats become strings. */
export type ValueFormat = 'encoded' | 'clean';

/** Reads a request's `format`; the default is clean JSON, as for plain HTTP clients. */
export function parseFormat(format: string | null | undefined): ValueFormat {
	switch (format) {
		case 'convex_encoded_json':
			return 'encoded';
		case 'json':
		case 'convex_clean_json':
		case null:
		case undefined:
			return 'clean';
		default:
			throw new RequestFailure(400, 'UnknownFormat', 'The format is neither json nor convex_encoded_json.');
	}
}

/** JSON text of the answer to a function call. */
export function udfAnswer(outcome: Outcome, format: ValueFormat): string {
	const logLines = `"logLines":${JSON.stringify(outcome.logLines)}}`;
	if (outcome.ok) return `{"status":"success","value":${exported(outcome.value, format)},${logLines}`;
	const { message, data } = outcome.failure;
	const errorData = data === undefined ? '' : `"errorData":${exported(data, format)},`;
	return `{"status":"error","errorMessage":${JSON.stringify(message)},${errorData}${logLines}`;
}

const special = z.union([
	z.strictObject({ $integer: z.base64() }),
	z.strictObject({ $float: z.base64() }),
	z.strictObject({ $bytes: z.string() })
]);

function exported(json: string, format: ValueFormat): string {
	if (format === 'encoded' || !json.includes('"$')) return json;
	return JSON.stringify(JSON.parse(json, cleaned));
}

/** A JSON.parse reviver: what plain JSON cannot say becomes a string. */
function cleaned(_key: string, value: unknown): unknown {
	const parsed = special.safeParse(value);
	if (!parsed.success) return value;
	if ('$bytes' in parsed.data) return parsed.data.$bytes;
	const bytes = Buffer.from('$integer' in parsed.data ? parsed.data.$integer : parsed.data.$float, 'base64');
	if (bytes.length !== 8) return value;
	if ('$integer' in parsed.data) return bytes.readBigInt64LE().toString();
	const float = bytes.readDoubleLE();
	return Object.is(float, -0) ? -0 : String(float);
}
