import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { v } from 'convex/values';
import type { JSONValue, Value } from 'convex/values';
import { encodeId } from './ids.ts';
import { anyValue } from './testValues.ts';
import { compileValidator } from './validate.ts';

const resolve = (table: number) => ({ 10_001: 'users', 10_002: 'posts', 1: '_storage' })[table] ?? null;
const id = (table: number) => encodeId(table, new Uint8Array(16).fill(7));

/** Validator JSON as the CLI sends it: a validator's `json` is not part of convex's public types. */
function jsonOf(validator: object): JSONValue {
	if (!('json' in validator)) throw new TypeError('no validator');
	const json: JSONValue = JSON.parse(JSON.stringify(validator.json));
	return json;
}

const check = (validator: object, value: Value) => compileValidator(jsonOf(validator), resolve).check(value);

const bytes = new ArrayBuffer(1);
const user = v.object({ name: v.string(), age: v.optional(v.number()) });

describe('validators', () => {
	test.each<[object, Value[], Value[]]>([
		[v.null(), [null], [0, '', false]],
		[v.number(), [0, -0, NaN, Infinity], [1n, '1', null]],
		[v.int64(), [0n, -(2n ** 63n)], [0, '0']],
		[v.boolean(), [true, false], [0, 'true', null]],
		[v.string(), ['', 'x'], [1, null, ['x']]],
		[v.bytes(), [bytes], ['x', [1]]],
		[v.any(), [null, 1, { a: [1n] }], []],
		[v.literal('a'), ['a'], ['b', null, 'A']],
		[v.literal(1), [1], [2, 1n, '1']],
		[v.literal(1n), [1n], [1, 2n]],
		[v.literal(false), [false], [true, 0, null]],
		[v.id('users'), [id(10_001)], [id(10_002), id(1), id(10_009), 'users', 1]],
		[v.id('_storage'), [id(1)], [id(10_001)]],
		[v.array(v.number()), [[], [1, 2]], [[1, 'x'], 1, { 0: 1 }]],
		[v.record(v.string(), v.number()), [{}, { a: 1 }], [{ a: 'x' }, [1], null]],
		[v.record(v.id('users'), v.any()), [{ [id(10_001)]: 1 }], [{ [id(10_002)]: 1 }, { a: 1 }]],
		[
			user,
			[{ name: 'a' }, { name: 'a', age: 1 }],
			[{}, { name: 1 }, { name: 'a', age: null }, { name: 'a', other: 1 }, [], null, bytes]
		],
		[v.union(v.string(), v.null()), ['a', null], [1, [null]]],
		[v.union(v.literal('a'), user), ['a', { name: 'x' }], ['b', {}]],
		[v.union(), [], [null, 1]]
	])('%o accepts and refuses', (validator, accepted, refused) => {
		for (const value of accepted) expect(check(validator, value)).toBeNull();
		for (const value of refused) expect(check(validator, value)).not.toBeNull();
	});

	test('an absent optional field and an undefined one are the same', () => {
		const validator = compileValidator(jsonOf(user), resolve);
		expect(validator.check({ name: 'a', age: undefined })).toBeNull();
		expect(validator.check({ name: 'a', other: undefined })).toBeNull();
		expect(validator.check({ name: undefined })?.message).toContain('missing the required field `name`');
	});

	test('words of a fault deep inside', () => {
		const fault = check(v.object({ list: v.array(user) }), { list: [{ name: 'a' }, { name: 2 }] });
		expect(fault).toEqual({
			path: '.list[1].name',
			expected: 'v.string()',
			got: '2.0',
			message: 'Value does not match validator.\nPath: .list[1].name\nValue: 2.0\nValidator: v.string()'
		});
	});

	test('words of a missing, an extra and a foreign field', () => {
		expect(check(user, {})?.message).toBe(
			'Object is missing the required field `name`. Consider wrapping the field validator in `v.optional(...)` if this is expected.\n\nObject: {}\nValidator: v.object({age: v.optional(v.float64()), name: v.string()})'
		);
		expect(check(user, { name: 'a', x: 1n })?.message).toBe(
			'Object contains extra field `x` that is not in the validator.\n\nObject: {name: "a", x: 1}\nValidator: v.object({age: v.optional(v.float64()), name: v.string()})'
		);
		expect(check(v.id('users'), id(10_002))?.message).toBe(
			`Found ID "${id(10_002)}" from table \`posts\`, which does not match the table name in validator \`v.id("users")\`.`
		);
		expect(check(v.literal('a'), 'b')?.message).toBe('`"b"` does not match literal validator `v.literal("a")`.');
	});

	test('refuses JSON that is no validator', () => {
		const wrong: JSONValue[] = [
			null,
			'string',
			{},
			{ type: 'date' },
			{ type: 'id' },
			{ type: 'array' },
			{ type: 'union', value: {} }
		];
		for (const json of wrong) {
			expect(() => compileValidator(json, resolve)).toThrow();
		}
	});

	test('a validator made from a value accepts it, and refuses it with any one part changed in type', () => {
		fc.assert(
			fc.property(anyValue, (value) => {
				expect(check(validatorOf(value), value)).toBeNull();
				expect(check(inList(value), { a: [value, value] })).toBeNull();
				const other: Value = typeof value === 'string' ? 1n : 'text';
				expect(check(inList(value), { a: [value, other] })?.path).toBe('.a[1]');
			}),
			{ numRuns: 500 }
		);
	});
});

function validatorOf(value: Value): object {
	return { json: typeJson(value) };
}

/** `{ a: [value, …] }`. */
function inList(value: Value): object {
	return {
		json: { type: 'object', value: { a: { fieldType: { type: 'array', value: typeJson(value) }, optional: false } } }
	};
}

function typeJson(value: Value): JSONValue {
	if (value === null) return { type: 'null' };
	if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string' || typeof value === 'boolean')
		return { type: typeof value };
	if (value instanceof ArrayBuffer) return { type: 'bytes' };
	if (Array.isArray(value)) return { type: 'array', value: { type: 'union', value: value.map(typeJson) } };
	const fields: { [name: string]: JSONValue } = {};
	for (const [name, field] of Object.entries(value))
		if (field !== undefined) fields[name] = { fieldType: typeJson(field), optional: false };
	return { type: 'object', value: fields };
}
