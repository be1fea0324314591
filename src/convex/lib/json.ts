/** JSON text as a value of known shape. */
import { z } from 'zod';
import type { Json } from './contract.ts';

const json: z.ZodType<Json> = z.json();

/** Throws SyntaxError when the text is not JSON. */
export function parseJson(text: string): Json {
	return json.parse(JSON.parse(text));
}
