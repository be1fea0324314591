/** Environment variables that a component declares, and what its parent gives it for them. */
import { compileValidator } from '../../values/validate.ts';
import { parseJson } from '../json.ts';
import type { ComponentDefinition, EnvBinding } from './definition.ts';

export type Bindings = Readonly<Record<string, EnvBinding>>;
type Declarations = ReadonlyMap<string, NonNullable<ComponentDefinition['envVars']>[number][1]>;

export function declarationsOf(definition: ComponentDefinition): Declarations {
	return new Map(definition.envVars ?? []);
}

/**
 * Checks what a parent binds to its child's variables. Returns the fault, or null. A binding to a variable of the parent
 * fits when every value that the parent's may have is one that the child takes.
 */
export function bindingFault(
	component: string,
	declared: Declarations,
	bindings: Bindings,
	ofParent: Declarations
): string | null {
	for (const [name, binding] of Object.entries(bindings)) {
		const own = declared.get(name);
		if (own === undefined) return `Component "${component}" has no env var named "${name}"`;
		if (binding.type === 'value') {
			const fault = compileValidator(parseJson(own.value), () => null).check(binding.value);
			if (fault === null) continue;
			return `Component "${component}" has an invalid value for env var "${name}": ${fault.message}`;
		}
		const parent = ofParent.get(binding.name);
		const where = `Component "${component}" env var "${name}"`;
		if (parent === undefined) return `${where} references undeclared parent env var ${binding.name}`;
		if (parent.optional && !own.optional) return `${where} is required, but parent env var ${binding.name} is optional`;
		if (!includes(textsOf(own.value), textsOf(parent.value)))
			return `${where} validator is not satisfied by parent env var ${binding.name} validator`;
	}
	return null;
}

/** A required variable without a binding, or null. */
export function missingBinding(declared: Declarations, bindings: Bindings): string | null {
	for (const [name, { optional }] of declared) if (!optional && !Object.hasOwn(bindings, name)) return name;
	return null;
}

/**
 * Bindings of a child with every step up the tree taken: what is left names values, or variables of the app. Those of
 * optional variables that the parent was given nothing for fall away.
 */
export function resolveBindings(bindings: Bindings, parentIsApp: boolean, ofParent: Bindings): Bindings {
	if (parentIsApp) return bindings;
	return Object.fromEntries(
		Object.entries(bindings).flatMap(([name, binding]): [string, EnvBinding][] => {
			if (binding.type === 'value') return [[name, binding]];
			const above = ofParent[binding.name];
			return above === undefined ? [] : [[name, above]];
		})
	);
}

/** What is wrong with a definition's variables, or null: environment variables are text. */
export function declarationFault(path: string, declared: Declarations): string | null {
	for (const [name, { value }] of declared) {
		if (textsOf(value) !== null) continue;
		const whose = path === '' ? 'the app' : `component ${path}`;
		return `Env var \`${name}\` on ${whose} has a non-string validator. Component env vars must be declared with \`v.string()\`, \`v.literal("...")\`, or a union of those.`;
	}
	return null;
}

/** The texts that a validator takes; 'any' when it takes all, null when it takes anything but texts. */
function textsOf(validator: string): ReadonlySet<string> | 'any' | null {
	const json = parseJson(validator);
	if (typeof json === 'object' && json !== null && !Array.isArray(json)) {
		if (json.type === 'string') return 'any';
		if (json.type === 'literal' && typeof json.value === 'string') return new Set([json.value]);
		if (json.type === 'union' && Array.isArray(json.value)) {
			const texts = json.value.map((part) => textsOf(JSON.stringify(part)));
			if (texts.includes(null)) return null;
			if (texts.includes('any')) return 'any';
			return new Set(texts.flatMap((set) => [...(set ?? [])]));
		}
	}
	return null;
}

function includes(wide: ReturnType<typeof textsOf>, narrow: ReturnType<typeof textsOf>): boolean {
	if (wide === 'any') return true;
	return wide !== null && narrow !== null && narrow !== 'any' && [...narrow].every((text) => wide.has(text));
}
