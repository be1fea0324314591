import { jwt, organization, twoFactor } from 'better-auth/plugins';
import { getAuthTables } from 'better-auth/db';
import { apiKey } from '@better-auth/api-key';
import { passkey } from '@better-auth/passkey';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { CORE_NAMES, PLUGIN_NAMES } from './names.ts';
import { authTables, UNIQUE_INDEXES } from './tables.ts';

const required = getAuthTables({
	...CORE_NAMES,
	rateLimit: { ...CORE_NAMES.rateLimit, storage: 'database' },
	plugins: [
		organization({ schema: PLUGIN_NAMES.organization }),
		passkey({ schema: PLUGIN_NAMES.passkey }),
		twoFactor({ schema: PLUGIN_NAMES.twoFactor }),
		apiKey({ schema: PLUGIN_NAMES.apiKey }),
		jwt({ schema: PLUGIN_NAMES.jwt })
	]
});

const fieldSchema = z.object({
	optional: z.boolean(),
	fieldType: z.object({ type: z.string(), tableName: z.string().optional() })
});
const tableSchema = z.object({
	indexes: z.array(z.object({ indexDescriptor: z.string(), fields: z.array(z.string()) })),
	documentType: z.object({ type: z.literal('object'), value: z.record(z.string(), fieldSchema) })
});
const ours = new Map(
	Object.entries(authTables).map(([name, table]) => {
		// What a table says about itself when it is pushed; not part of its declared type.
		const exported: unknown = Reflect.apply(Reflect.get(table, 'export'), table, []);
		return [name, tableSchema.parse(exported)] as const;
	})
);

const TYPES: Record<string, string> = { string: 'string', date: 'number', number: 'number', boolean: 'boolean' };
/** References that Better Auth does not declare. */
const REFERENCES: Record<string, string> = { 'sessions.activeWorkspaceId': 'workspaces' };
/** Absent in the workspace that was made before there were accounts. */
const LATER = new Set(['workspaces.slug', 'workspaces.createdAt']);
/** Fields of ours that Better Auth does not know. */
const OURS: Record<string, string[]> = { workspaces: ['owner'], verifications: ['givenId'] };

function uniqueOf(table: string): readonly string[] {
	return Object.entries(UNIQUE_INDEXES).find(([name]) => name === table)?.[1] ?? [];
}

/** Name of the table that holds a model of Better Auth. */
function tableOf(model: string): string {
	return required[model]?.modelName ?? model;
}

describe.each(Object.values(required))('the table $modelName', ({ modelName, fields }) => {
	const table = ours.get(modelName);

	test('has every field that Better Auth has, of its type, and no other', () => {
		const wanted = Object.entries(fields).map(([key, { type, required: needed, references, fieldName }]) => {
			const name = fieldName ?? key;
			const optional = needed === false || LATER.has(`${modelName}.${name}`);
			const target = references ? tableOf(references.model) : REFERENCES[`${modelName}.${name}`];
			const fieldType = target
				? { type: 'id', tableName: target }
				: { type: TYPES[String(type)] ?? `unknown: ${String(type)}` };
			return [name, { optional, fieldType }] as const;
		});
		const { value = {} } = table?.documentType ?? {};
		const held = Object.entries(value).filter(([name]) => !OURS[modelName]?.includes(name));
		expect(Object.fromEntries(held)).toEqual(Object.fromEntries(wanted));
	});

	test('has an index that begins with each field that is looked up', () => {
		const looked = Object.entries(fields).filter(([, { unique, index }]) => unique || index);
		const indexed = table?.indexes.map((index) => index.fields[0]) ?? [];
		for (const [key, { fieldName }] of looked) expect(indexed).toContain(fieldName ?? key);
	});
});

test('what is unique for Better Auth is checked here', () => {
	for (const { modelName, fields } of Object.values(required)) {
		const indexes =
			ours.get(modelName)?.indexes.filter((one) => uniqueOf(modelName).includes(one.indexDescriptor)) ?? [];
		const keys = indexes.map((index) => index.fields.join());
		for (const [key, { unique, fieldName }] of Object.entries(fields))
			if (unique) expect(keys).toContain(fieldName ?? key);
		expect(indexes.length).toBe(uniqueOf(modelName).length);
	}
});

test('there is no table beside those of Better Auth', () => {
	const names = Object.values(required).map((table) => table.modelName);
	expect([...ours.keys()].toSorted()).toEqual(names.toSorted());
});
