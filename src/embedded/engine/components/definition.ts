/** What the default export of a `convex.config.ts` says about a component, in the CLI's own JSON. */
import { z } from 'zod';
import type { JSONValue } from 'convex/values';

const identifier = z
	.string()
	.regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'must start with a letter and have only letters, digits and underscores');
const json = z.json();
/** A component that has no list or an empty one is the same to the CLI. */
const pairs = <T extends z.ZodType>(value: T) => z.array(z.tuple([identifier, value])).nullish();

const envBinding = z.union([
	z.object({ type: z.literal('value'), value: z.string() }),
	z.object({ type: z.literal('envVar'), name: z.string() })
]);
/** `value` is the text of a validator's JSON. */
const envDeclaration = z.object({ type: z.literal('value'), value: z.string(), optional: z.boolean().optional() });
/** `value` is the text of a Convex value's JSON, or of a validator's where an argument is declared. */
const argument = z.object({ type: z.literal('value'), value: z.string() });

const mountPath = z.string().regex(/^\/([^*?#]*\/)?$/, 'must begin and end with "/" and have neither "*" nor a query');

const definitionShape = z.object({
	path: z.string(),
	definitionType: z.union([
		z.object({ type: z.literal('app') }),
		z.object({ type: z.literal('childComponent'), name: identifier, args: pairs(argument) })
	]),
	childComponents: z.array(
		z.object({ name: identifier, path: z.string(), args: pairs(argument), env: pairs(envBinding) })
	),
	httpMounts: z.record(mountPath, z.string()).default({}),
	httpPrefix: mountPath.nullish(),
	exports: json,
	envVars: pairs(envDeclaration)
});

export type ComponentDefinition = z.infer<typeof definitionShape>;
export type EnvBinding = z.infer<typeof envBinding>;

/** The definition of an app without a `convex.config.ts`. */
export const PLAIN_APP: ComponentDefinition = {
	path: '',
	definitionType: { type: 'app' },
	childComponents: [],
	httpMounts: {},
	exports: { type: 'branch', branch: [] }
};

/** Reads what `export()` of a definition returned. Throws an Error that names what is wrong. */
export function parseDefinition(path: string, exported: JSONValue): ComponentDefinition {
	const withPath = typeof exported === 'object' && !Array.isArray(exported) ? { ...exported, path } : exported;
	const parsed = definitionShape.safeParse(withPath);
	if (parsed.success) return parsed.data;
	const [issue] = parsed.error.issues;
	throw new Error(`${issue?.path.join('.') ?? 'the definition'}: ${issue?.message ?? 'is not as expected'}`);
}
