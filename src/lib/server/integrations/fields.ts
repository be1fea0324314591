/** Fields of credentials and settings: a zod schema each, with the words that draw it in a form. */
import { z } from 'zod';
import type { FieldConfig, FieldMeta } from '../../config/catalogue.ts';

type Words = Omit<FieldMeta, 'input'>;

const MOST_CHOICES = 100;
const MOST_ROWS = 50;

/** What people paste around a key: spaces, line ends, quotes, the word Bearer. */
function bareKey(text: string): string {
	return text
		.trim()
		.replace(/^(["'])(.*)\1$/s, '$2')
		.replace(/^bearer\s+/i, '')
		.trim();
}

const sendable = /^[\x21-\x7e]*$/;
const unsendable = 'It holds a space, a line break or another character that no key has; copy it again.';

/** A key, token or password. Trimmed, freed of quotes and of a pasted "Bearer"; stored encrypted, never shown. */
export function secretField(words: Words) {
	return z
		.string()
		.overwrite(bareKey)
		.min(1, 'Paste the key here.')
		.max(4_000, 'That is longer than a key can be.')
		.regex(sendable, unsendable)
		.meta({ ...words, input: 'secret' } satisfies FieldMeta);
}

/** A password someone thought up: kept as typed, may hold spaces and letters of any language; no line breaks. */
export function passwordField(words: Words) {
	return z
		.string()
		.max(1_000, 'That is longer than a password can be.')
		.regex(/^\P{Cc}*$/u, 'It holds a line break or another control character; copy it again.')
		.meta({ ...words, input: 'secret' } satisfies FieldMeta);
}

export function textField(words: Words) {
	return z
		.string()
		.trim()
		.max(1_000, 'That is too long.')
		.regex(/^\P{Cc}*$/u, 'It holds a line break or another control character.')
		.meta({ ...words, input: 'text' } satisfies FieldMeta);
}

/** The base URL of a server that a person runs. The address itself is judged when it is called. */
export function urlField(words: Words) {
	return z
		.string()
		.trim()
		.max(2_000, 'That is too long.')
		.regex(/^https?:\/\/[^\s/]+/i, 'Give the whole address, such as https://prometheus.example.com.')
		.meta({ ...words, input: 'url' } satisfies FieldMeta);
}

/** Some of what the account offers, by value. */
export function choicesField(words: Words) {
	return z
		.array(z.string().min(1).max(500))
		.max(MOST_CHOICES, `Choose at most ${MOST_CHOICES}.`)
		.default([])
		.meta({ ...words, input: 'choices' } satisfies FieldMeta);
}

/** One of what the account offers, by value; '' until it is chosen. */
export function choiceField(words: Words) {
	return z
		.string()
		.trim()
		.max(500, 'That is too long.')
		.default('')
		.meta({ ...words, input: 'choice' } satisfies FieldMeta);
}

/** Rows of texts: every column is required in every row, and the first one names the row, so it is unique. */
export function rowsField<Column extends string>(
	columns: readonly [Column, ...Column[]],
	words: Words & {
		readonly columns: readonly { readonly key: Column; readonly label: string; readonly placeholder?: string }[];
	}
) {
	const cell = z.string().trim().min(1, 'Fill in every cell of the row.').max(4_000, 'That is too long.');
	return z
		.array(z.record(z.enum(columns), cell))
		.max(MOST_ROWS, `At most ${MOST_ROWS} rows.`)
		.refine((rows) => new Set(rows.map((row) => row[columns[0]])).size === rows.length, 'Two rows have the same name.')
		.default([])
		.meta({ ...words, input: 'rows' } satisfies FieldMeta);
}

const fieldMeta = z.object({
	label: z.string().min(1),
	help: z.string().min(1),
	helpUrl: z.url({ protocol: /^https$/ }).optional(),
	placeholder: z.string().optional(),
	input: z.enum(['text', 'secret', 'url', 'choice', 'choices', 'rows']),
	identifies: z.boolean().optional(),
	columns: z
		.array(z.object({ key: z.string().min(1), label: z.string().min(1), placeholder: z.string().optional() }))
		.optional()
}) satisfies z.ZodType<FieldMeta>;

function metaOf(schema: unknown): FieldMeta | null {
	for (let inner = schema; inner instanceof z.ZodType;) {
		const meta = fieldMeta.safeParse(inner.meta());
		if (meta.success) return meta.data;
		if (!(inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodNullable))
			return null;
		inner = inner.unwrap();
	}
	return null;
}

function patternOf(schema: z.ZodType): string | undefined {
	const { pattern } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
	return typeof pattern === 'string' ? pattern : undefined;
}

/** The fields of a credentials or settings schema, in order. Throws naming the field that lacks its FieldMeta. */
export function describeFields(owner: string, schema: z.ZodObject): FieldConfig[] {
	return Object.entries(schema.shape).map(([key, field]) => {
		const meta = metaOf(field);
		if (meta === null || !(field instanceof z.ZodType))
			throw new Error(`${owner}: field "${key}" lacks its FieldMeta (label, help, input); make it with fields.ts`);
		return {
			key,
			...meta,
			secret: meta.input === 'secret',
			required: !field.safeParse(undefined).success,
			pattern: patternOf(field)
		};
	});
}
