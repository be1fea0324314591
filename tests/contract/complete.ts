/** Fills a fixture up to what a schema demands: we write the fields that are read, the schema the rest. */
import { z } from 'zod';
import type { Schema } from './spec.ts';

/** Follows the `$ref` of a schema's own level. */
export type Resolve = (schema: Schema) => Schema;

const schemas = z.array(z.union([z.boolean(), z.record(z.string(), z.unknown())]));
const shape = z.object({
	type: z.union([z.string(), z.array(z.string())]).optional(),
	enum: z.array(z.unknown()).optional(),
	const: z.unknown().optional(),
	required: z.array(z.string()).optional(),
	properties: z.record(z.string(), schemas.element).optional(),
	items: schemas.element.optional(),
	allOf: schemas.optional(),
	anyOf: schemas.optional(),
	oneOf: schemas.optional(),
	format: z.string().optional(),
	minimum: z.number().optional()
});
type Shape = z.infer<typeof shape>;

const record = z.record(z.string(), z.unknown());
const FORMATS: Readonly<Record<string, string>> = {
	'date-time': '2026-01-01T00:00:00Z',
	date: '2026-01-01',
	uri: 'https://example.com/',
	email: 'nobody@example.com',
	uuid: '00000000-0000-4000-8000-000000000000'
};

/**
 * The value with every required member added, as empty as the schema allows: null where it may be null, else the
 * first of what is possible. What is given is never changed.
 */
export function complete(resolve: Resolve, schema: Schema, value?: unknown): unknown {
	const parsed = shape.safeParse(resolve(schema));
	if (!parsed.success) return value ?? null;
	const found = parsed.data;
	const branches = found.anyOf ?? found.oneOf;
	if (branches) return complete(resolve, branchFor(resolve, branches, value), value);
	if (found.allOf) return found.allOf.reduce<unknown>((filled, part) => complete(resolve, part, filled), value);
	if (Array.isArray(value)) {
		const { items } = found;
		return items === undefined ? value : value.map((item) => complete(resolve, items, item));
	}
	const given = record.safeParse(value);
	if (given.success || (value === undefined && isObject(found)))
		return completeObject(resolve, found, given.data ?? {});
	return value === undefined ? emptyOf(found) : value;
}

function completeObject(resolve: Resolve, { properties = {}, required = [] }: Shape, given: Record<string, unknown>) {
	const keys = new Set([...required, ...Object.keys(given)]);
	return Object.fromEntries([...keys].map((key) => [key, complete(resolve, properties[key] ?? true, given[key])]));
}

function typesOf({ type }: Shape): readonly string[] {
	return [type ?? []].flat();
}

function isObject(found: Shape): boolean {
	const types = typesOf(found);
	return !types.includes('null') && (types.includes('object') || found.properties !== undefined);
}

/** For nothing the branch that allows null; for an object or a list one of its kind; else the first. */
function branchFor(resolve: Resolve, branches: readonly Schema[], value: unknown): Schema {
	const wanted =
		value === undefined ? 'null' : Array.isArray(value) ? 'array' : typeof value === 'object' ? 'object' : typeof value;
	const kinds = branches.map((branch) => {
		const found = shape.safeParse(resolve(branch));
		return found.success ? (found.data.properties ? ['object'] : typesOf(found.data)) : [];
	});
	return (
		branches[
			Math.max(
				0,
				kinds.findIndex((types) => types.includes(wanted))
			)
		] ?? true
	);
}

function emptyOf(found: Shape): unknown {
	const types = typesOf(found);
	if (found.const !== undefined) return found.const;
	if (types.includes('null') || found.enum?.includes(null)) return null;
	if (found.enum) return found.enum[0];
	if (types.includes('array')) return [];
	if (types.includes('string')) return FORMATS[found.format ?? ''] ?? '';
	if (types.includes('boolean')) return false;
	return types.includes('integer') || types.includes('number') ? (found.minimum ?? 0) : {};
}
