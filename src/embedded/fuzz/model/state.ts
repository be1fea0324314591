import type { Value } from 'convex/values';
import type { Operation, Schema } from '../program.ts';
import { fits } from './fits.ts';
import { isObject } from './order.ts';
import type { ObjectValue } from './order.ts';
import { Refused } from './failure.ts';

export const JOBS = '_scheduled_functions';

export interface Job {
	readonly state: 'pending' | 'success' | 'failed' | 'canceled';
	readonly soon: boolean;
	readonly program: readonly Operation[];
	readonly ids: readonly string[];
}

/** Everything that a deployment of the model holds. A transaction works on a copy, so that a rollback is to forget it. */
export class State {
	schema: Schema = null;
	/** Documents by id, system fields included, by table; a table exists from when it is declared or first written to. */
	readonly tables = new Map<string, Map<string, ObjectValue>>();
	readonly jobs = new Map<string, Job>();
	readonly #components = new Map<string, State>();

	/** What a component holds. */
	component(name: string): State {
		const found = this.#components.get(name) ?? new State();
		this.#components.set(name, found);
		return found;
	}

	copy(): State {
		const copy = new State();
		copy.schema = this.schema;
		for (const [name, documents] of this.tables) copy.tables.set(name, new Map(documents));
		for (const [id, job] of this.jobs) copy.jobs.set(id, job);
		for (const [name, state] of this.#components) copy.#components.set(name, state.copy());
		return copy;
	}

	documents(table: string): ObjectValue[] {
		return [...(this.tables.get(table)?.values() ?? [])];
	}

	/** Fields of an index as its order has them; refuses an index that there is not. */
	indexFields(table: string, index: string | null): readonly string[] {
		if (index === null || index === 'by_creation_time') return ['_creationTime', '_id'];
		if (index === 'by_id') return ['_id'];
		const declared = this.#declared(table)?.indexes.find(({ indexDescriptor }) => indexDescriptor === index);
		if (declared === undefined) throw new Refused('index');
		return [...declared.fields, '_creationTime', '_id'];
	}

	/** The index of words of a table; refuses when there is none. */
	searchIndex(table: string) {
		const [index] = this.#declared(table)?.searchIndexes ?? [];
		if (index === undefined) throw new Refused('index');
		return index;
	}

	/** Refuses a document that the schema in force does not allow. */
	check(table: string, fields: ObjectValue, tableOf: (id: string) => string | null): void {
		if (Object.keys(fields).some((name) => name.startsWith('_'))) throw new Refused('document');
		const type = this.#declared(table)?.documentType ?? null;
		if (type === null || this.schema?.schemaValidation === false) return;
		if (!fits(type, fields, tableOf)) throw new Refused('schema');
	}

	/** Whether every document fits a schema; when they do, it is in force. */
	push(schema: Schema, tableOf: (id: string) => string | null): boolean {
		for (const { tableName, documentType } of schema?.schemaValidation === true ? schema.tables : []) {
			for (const document of this.documents(tableName)) {
				const { _id, _creationTime, ...fields } = document;
				if (!fits(documentType, fields, tableOf)) return false;
			}
		}
		this.schema = schema;
		for (const { tableName } of schema?.tables ?? []) {
			if (!this.tables.has(tableName)) this.tables.set(tableName, new Map());
		}
		return true;
	}

	#declared(table: string) {
		return this.schema?.tables.find(({ tableName }) => tableName === table);
	}
}

/** Without the fields that are undefined. */
export function defined(fields: ObjectValue): { [field: string]: Value } {
	const kept: { [field: string]: Value } = {};
	for (const [name, value] of Object.entries(fields)) if (value !== undefined) kept[name] = value;
	return kept;
}

/** Fields given to `patch` and `replace` may repeat the system fields as they are. */
export function withoutSystemFields(fields: ObjectValue, document: ObjectValue): ObjectValue {
	const { _id, _creationTime, ...rest } = fields;
	if ('_id' in fields && _id !== document._id) throw new Refused('document');
	if ('_creationTime' in fields && _creationTime !== document._creationTime) throw new Refused('document');
	return rest;
}

export function mapTexts(value: Value, change: (text: string) => Value): Value {
	if (typeof value === 'string') return change(value);
	if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
	if (!isObject(value)) return value;
	return Object.fromEntries(Object.entries(defined(value)).map(([name, field]) => [name, mapTexts(field, change)]));
}
