/** Query strings as OpenAPI means them: plain, repeated and comma-separated values, `deepObject`, and brackets. */
import { z } from 'zod';
import type { Operation, Parameter, Schema, Spec } from './spec.ts';

export type Query = Readonly<Record<string, unknown>>;

/** A refusal with its sentence. */
export class QueryRefused extends Error {}

interface Part {
	/** `["gte"]` of `created[gte]`, `[""]` of `expand[]`. */
	readonly keys: readonly string[];
	readonly value: string;
}

const shape = z.object({
	type: z.union([z.string(), z.array(z.string())]).optional(),
	properties: z.record(z.string(), z.unknown()).optional(),
	additionalProperties: z.unknown().optional(),
	anyOf: z.array(z.union([z.boolean(), z.record(z.string(), z.unknown())])).optional(),
	oneOf: z.array(z.union([z.boolean(), z.record(z.string(), z.unknown())])).optional()
});

/** A schema and its alternatives, references resolved. */
function branches(spec: Spec, schema: Schema): z.infer<typeof shape>[] {
	const resolved = shape.safeParse(spec.schemaOf(schema));
	if (!resolved.success) return [];
	const inner = [...(resolved.data.anyOf ?? []), ...(resolved.data.oneOf ?? [])];
	return [resolved.data, ...inner.flatMap((branch) => branches(spec, branch))];
}

const takesArrays = (all: readonly z.infer<typeof shape>[]) => all.some(({ type }) => [type].flat().includes('array'));

function nested(parts: readonly Part[], name: string): unknown {
	if (parts.every(({ keys }) => keys.length === 1 && /^\d*$/.test(keys[0] ?? '')))
		return parts.map(({ value }) => value);
	const byKey = Map.groupBy(parts, ({ keys }) => keys[0] ?? '');
	return Object.fromEntries(
		[...byKey].map(([key, inner]) => {
			const deeper = inner.map(({ keys, value }) => ({ keys: keys.slice(1), value }));
			const [only] = deeper;
			if (only !== undefined && deeper.length === 1 && only.keys.length === 0) return [key, only.value];
			if (deeper.some(({ keys }) => keys.length === 0)) throw new QueryRefused(`${name}[${key}] is given twice`);
			return [key, nested(deeper, `${name}[${key}]`)];
		})
	);
}

function valueOf(spec: Spec, { name, style, explode, schema = true }: Parameter, parts: readonly Part[]): unknown {
	const all = branches(spec, schema);
	const bracketed = parts.some(({ keys }) => keys.length > 0);
	if (bracketed) {
		if (style !== 'deepObject') throw new QueryRefused(`${name} takes no brackets`);
		if (parts.some(({ keys }) => keys.length === 0))
			throw new QueryRefused(`${name} is given with and without brackets`);
		const value = nested(parts, name);
		const declared = new Set(all.flatMap(({ properties }) => Object.keys(properties ?? {})));
		const free =
			declared.size === 0 ||
			all.some(({ additionalProperties }) => additionalProperties !== undefined && additionalProperties !== false);
		const stranger = Array.isArray(value) || free ? undefined : parts.find(({ keys }) => !declared.has(keys[0] ?? ''));
		if (stranger !== undefined) throw new QueryRefused(`${name}[${stranger.keys[0]}] is unknown`);
		return value;
	}
	const values = parts.map(({ value }) => value);
	if (takesArrays(all) && !(all.length > 1 && values.length === 1))
		return explode === false ? values.flatMap((value) => value.split(',')) : values;
	if (values.length > 1) throw new QueryRefused(`${name} is given ${values.length} times`);
	return values[0];
}

/** The query by parameter name, typed as the operation declares. Throws QueryRefused for whatever it does not declare. */
export function parseQuery(spec: Spec, { parameters }: Operation, search: URLSearchParams): Query {
	const declared = new Map(parameters.filter((each) => each.in === 'query').map((each) => [each.name, each]));
	const parts = [...search].map(([key, value]) => {
		if (declared.has(key)) return { name: key, keys: [], value };
		const [, name = key, brackets = ''] = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(key) ?? [];
		if (!declared.has(name)) throw new QueryRefused(`the parameter ${key} is unknown`);
		return { name, keys: [...brackets.matchAll(/\[([^\]]*)\]/g)].map((match) => match[1] ?? ''), value };
	});
	const given = Map.groupBy(parts, ({ name }) => name);
	const query: Record<string, unknown> = {};
	for (const [name, parameter] of declared) {
		const own = given.get(name);
		if (own === undefined) {
			if (parameter.required === true) throw new QueryRefused(`the parameter ${name} is required`);
			continue;
		}
		const holder = { value: valueOf(spec, parameter, own) };
		const problem = spec.coerce(parameter.schema ?? true, holder);
		if (problem !== null) throw new QueryRefused(`the parameter ${name} is wrong: ${problem}`);
		query[name] = holder.value;
	}
	return query;
}
