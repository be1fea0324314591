/** A service's own OpenAPI 3.1 file, read as the truth about its requests and answers. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { z } from 'zod';

const schema = z.union([z.boolean(), z.record(z.string(), z.unknown())]);
export type Schema = z.infer<typeof schema>;

const parameter = z.object({
	name: z.string(),
	in: z.enum(['path', 'query', 'header', 'cookie']),
	required: z.boolean().nullish(),
	style: z.string().nullish(),
	explode: z.boolean().nullish(),
	schema: schema.optional()
});
export type Parameter = z.infer<typeof parameter>;

const response = z.object({ content: z.record(z.string(), z.object({ schema: schema.optional() })).optional() });
const security = z.array(z.record(z.string(), z.array(z.string())));
const operation = z.object({
	parameters: z.array(z.unknown()).optional(),
	requestBody: z.unknown().optional(),
	responses: z.record(z.string(), z.unknown()),
	security: security.optional()
});
const securityScheme = z.object({
	type: z.string(),
	scheme: z.string().optional(),
	in: z.string().optional(),
	name: z.string().optional()
});
export type SecurityScheme = z.infer<typeof securityScheme>;

const document = z.looseObject({
	paths: z.record(z.string(), z.record(z.string(), z.unknown())),
	security: security.optional(),
	components: z.looseObject({ securitySchemes: z.record(z.string(), securityScheme).optional() }).optional()
});

export interface Operation {
	/** `GET /v1/charges/{id}` */
	readonly key: string;
	readonly parameters: readonly Parameter[];
	/** The scheme combinations of which one has to be met; none means open to all. */
	readonly security: readonly (readonly SecurityScheme[])[];
	readonly responses: Readonly<Record<string, unknown>>;
	readonly requestBody: unknown;
}

export interface Match {
	readonly operation: Operation;
	readonly path: Readonly<Record<string, string>>;
}

const METHODS: ReadonlySet<string> = new Set(['get', 'post', 'put', 'patch', 'delete', 'head']);

export class Spec {
	readonly #document: z.infer<typeof document>;
	readonly #operations: readonly {
		readonly pattern: RegExp;
		readonly names: readonly string[];
		readonly operation: Operation;
	}[];
	readonly #ajv = new Ajv2020({ strict: false, validateSchema: false, logger: false });
	/** Query texts become the numbers and booleans that the schema asks for. */
	readonly #coercing = new Ajv2020({ strict: false, validateSchema: false, logger: false, coerceTypes: true });
	/** What is sent may hold nothing that the spec does not name. */
	readonly #strict = new Ajv2020({ strict: false, validateSchema: false, logger: false });
	readonly #compiled = new Map<string, ValidateFunction>();

	constructor(json: unknown) {
		this.#document = document.parse(json);
		for (const ajv of [this.#ajv, this.#coercing]) {
			addFormats.default(ajv);
			ajv.addSchema({ ...this.#document, $id: 'spec:' });
		}
		addFormats.default(this.#strict);
		this.#strict.addSchema({ ...closed(this.#document), $id: 'spec:' });
		this.#operations = Object.entries(this.#document.paths)
			.flatMap(([template, item]) =>
				Object.entries(item)
					.filter(([method]) => METHODS.has(method))
					.map(([method, found]) =>
						this.#entry(template, method, found, z.array(z.unknown()).parse(item['parameters'] ?? []))
					)
			)
			// `/users/me` before `/users/{id}`
			.toSorted((a, b) => a.names.length - b.names.length);
	}

	/** The operation that a request means, or null when the service has none such. */
	match(method: string, pathname: string): Match | null {
		for (const { pattern, names, operation } of this.#operations) {
			if (!operation.key.startsWith(`${method} `)) continue;
			const found = pattern.exec(pathname);
			if (found === null) continue;
			const path = Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(found[index + 1] ?? '')]));
			return { operation, path };
		}
		return null;
	}

	has(key: string): boolean {
		return this.#operations.some(({ operation }) => operation.key === key);
	}

	/** The JSON schema of an operation's answer, `null` when its body is free, undefined when the status is not declared. */
	responseSchema({ responses }: Operation, status: number): Schema | null | undefined {
		const declared = responses[status] ?? responses[`${Math.floor(status / 100)}XX`] ?? responses['default'];
		if (declared === undefined) return undefined;
		const content = response.parse(this.#resolved(declared)).content ?? {};
		const json = Object.entries(content).find(([type]) => /[/+]json\b/.test(type))?.[1];
		return json?.schema ?? null;
	}

	/** What is wrong with an answer, or null. */
	problem(against: Schema, value: unknown): string | null {
		const validate = this.#validator(this.#ajv, 'answer', against);
		return validate(value) ? null : this.#ajv.errorsText(validate.errors?.slice(0, 1), { dataVar: 'body' });
	}

	/** What is wrong with the body of a request, or null. */
	bodyProblem({ requestBody }: Operation, text: string): string | null {
		const content = requestBody === undefined ? {} : (response.parse(this.#resolved(requestBody)).content ?? {});
		const against = content['application/json']?.schema;
		if (against === undefined) return text === '' ? null : 'a body where none is declared';
		const value: unknown = text === '' ? undefined : JSON.parse(text);
		const validate = this.#validator(this.#strict, 'body', against);
		return validate(value) ? null : this.#strict.errorsText(validate.errors?.slice(0, 1), { dataVar: 'body' });
	}

	/** What is wrong with a query value, or null; inside the holder texts become what the schema asks for. */
	coerce(against: Schema, holder: { value: unknown }): string | null {
		const wrapped = { type: 'object', properties: { value: against } };
		const validate = this.#validator(this.#coercing, 'query', wrapped);
		return validate(holder) ? null : this.#coercing.errorsText(validate.errors?.slice(0, 1), { dataVar: '' });
	}

	/** The thing a `$ref` points to, or the thing itself. */
	#resolved(thing: unknown): unknown {
		const reference = z.looseObject({ $ref: z.string() }).safeParse(thing);
		if (!reference.success) return thing;
		const keys = reference.data.$ref
			.replace(/^#\//, '')
			.split('/')
			.map((key) => decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~'));
		const target = keys.reduce<unknown>(
			(node, key) => z.record(z.string(), z.unknown()).parse(node)[key],
			this.#document
		);
		return this.#resolved(target);
	}

	/** A schema with every reference of a query parameter's own level resolved. */
	schemaOf(against: Schema): Schema {
		return schema.parse(this.#resolved(against));
	}

	#entry(template: string, method: string, found: unknown, shared: readonly unknown[]) {
		const { parameters = [], responses, requestBody, security: own } = operation.parse(found);
		const names = [...template.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] ?? '');
		const source = template.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{[^}]+\}/g, '([^/]+)');
		const schemes = this.#document.components?.securitySchemes ?? {};
		const required = (own ?? this.#document.security ?? []).map((alternative) =>
			Object.keys(alternative).flatMap((name) => schemes[name] ?? [])
		);
		return {
			pattern: new RegExp(`^${source}$`),
			names,
			operation: {
				key: `${method.toUpperCase()} ${template}`,
				parameters: [...shared, ...parameters].map((given) => parameter.parse(this.#resolved(given))),
				security: required,
				responses,
				requestBody
			}
		};
	}

	#validator(ajv: Ajv2020, purpose: string, against: Schema): ValidateFunction {
		const key = `${purpose} ${JSON.stringify(against)}`;
		const known = this.#compiled.get(key);
		if (known !== undefined) return known;
		// References into the document; a schema from elsewhere brings its own $defs.
		const absolute: unknown = JSON.parse(
			JSON.stringify(against).replaceAll(/"\$ref":"#\/(?!\$defs)/g, '"$ref":"spec:#/')
		);
		const validate = ajv.compile(schema.parse(absolute));
		this.#compiled.set(key, validate);
		return validate;
	}
}

/** A file of SPECS_DIR (default: `../shared/specs` beside the project) as JSON, or null, loudly, when it is not there. */
export function readSpecFile(name: string): unknown {
	const folder = process.env['SPECS_DIR'] ?? fileURLToPath(new URL('../../../shared/specs', import.meta.url));
	const path = `${folder}/${name}`;
	if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8'));
	console.warn(`SKIPPED: the contract with ${name} is not checked, because the file is not in SPECS_DIR.`);
	return null;
}

const part = z.looseObject({
	paths: z.record(z.string(), z.unknown()),
	components: z.record(z.string(), z.record(z.string(), z.unknown()))
});

/** The service's spec, or null, loudly, when it is not there. Several files of one service become one. */
export function loadSpec(...names: readonly string[]): Spec | null {
	const files = names.map((name) => readSpecFile(name));
	if (files.includes(null)) return null;
	const [first, ...others] = files;
	const whole = others.reduce<unknown>((before, after) => merged(part.parse(before), part.parse(after)), first);
	return new Spec(whole);
}

function merged(a: z.infer<typeof part>, b: z.infer<typeof part>): unknown {
	const kinds = [...new Set([...Object.keys(a.components), ...Object.keys(b.components)])];
	const components = kinds.map((kind) => [kind, { ...a.components[kind], ...b.components[kind] }] as const);
	return { ...a, paths: { ...a.paths, ...b.paths }, components: Object.fromEntries(components) };
}

/** The same, with every object that names its members closed to others. */
function closed<Thing>(thing: Thing): Thing {
	const copy: Thing = structuredClone(thing);
	const close = (node: unknown): void => {
		if (typeof node !== 'object' || node === null) return;
		if ('type' in node && node.type === 'object' && 'properties' in node && !('additionalProperties' in node))
			Object.assign(node, { additionalProperties: false });
		Object.values(node).forEach(close);
	};
	close(copy);
	return copy;
}
