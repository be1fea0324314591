import type { Database } from './database.ts';
import { creationTimeOf } from './clock.ts';
import { FIRST_USER_TABLE, SYSTEM_TABLES } from './layout.ts';
import { definitionFromStored } from './schema.ts';
import type { IndexState, SchemaDefinition } from './types.ts';
import { DeveloperError } from '../values/errors.ts';
import { compileValidator } from '../values/validate.ts';
import type { TableResolver, Validator } from '../values/validate.ts';

export interface IndexEntry {
	readonly id: number;
	readonly name: string;
	readonly fields: readonly string[];
	/** Each field path split at its dots. */
	readonly paths: readonly (readonly string[])[];
	readonly state: IndexState;
}

export interface TableEntry {
	readonly number: number;
	readonly component: string;
	readonly name: string;
	/** False while only readers have named the table: it then has a number, so that they can be invalidated, and no row. */
	persisted: boolean;
	/** Creation time of the newest document, so that the next one is later. */
	lastCreation: number;
	/** Grows with every write, so that an open scan knows when to read again. */
	generation: number;
	indexes: readonly IndexEntry[];
	/** What documents must fit, or null when anything goes. */
	validator: Validator | null;
}

const TABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/** What the `tables`, `indexes` and `schemas` rows say, in memory. */
export class Catalog {
	readonly #database: Database;
	readonly #byNumber = new Map<number, TableEntry>();
	readonly #byName = new Map<string, TableEntry>();
	readonly #schemas = new Map<string, SchemaDefinition>();
	readonly #resolvers = new Map<string, TableResolver>();

	constructor(database: Database) {
		this.#database = database;
		this.load();
		this.table('', SYSTEM_TABLES[0]);
	}

	/** Reads everything again: on start, and after a rollback of a transaction that changed tables or indexes. */
	load(): void {
		for (const entry of this.#byNumber.values()) {
			entry.persisted = false;
			entry.generation++;
			entry.indexes = [];
			entry.validator = null;
		}
		for (const [num, component, name] of this.#database.rows('SELECT num, component, name FROM tables')) {
			const entry = this.#byNumber.get(Number(num)) ?? this.#add(Number(num), String(component), String(name));
			entry.persisted = true;
			this.loadIndexes(entry);
		}
		this.#schemas.clear();
		for (const [component, definition] of this.#database.rows('SELECT component, definition FROM schemas')) {
			this.setSchema(String(component), definitionFromStored(String(definition)));
		}
	}

	loadIndexes(table: TableEntry): void {
		const rows = this.#database.rows(
			'SELECT id, name, fields, state FROM indexes WHERE tbl = ? ORDER BY id',
			table.number
		);
		table.indexes = rows.map(([id, name, fieldsJson, state]) => {
			const fields = stringList(JSON.parse(String(fieldsJson)));
			return {
				id: Number(id),
				name: String(name),
				fields,
				paths: fields.map((field) => field.split('.')),
				state: state === 'enabled' || state === 'staged' ? state : 'backfilling'
			};
		});
	}

	schema(component: string): SchemaDefinition | null {
		return this.#schemas.get(component) ?? null;
	}

	/** Puts the validators of a component's tables in force; null takes them away. */
	setSchema(component: string, schema: SchemaDefinition | null): void {
		for (const entry of this.#byNumber.values()) if (entry.component === component) entry.validator = null;
		if (schema === null) {
			this.#schemas.delete(component);
			return;
		}
		this.#schemas.set(component, schema);
		if (!schema.schemaValidation) return;
		for (const { name, documentType } of schema.tables) {
			if (documentType !== null)
				this.table(component, name).validator = compileValidator(documentType, this.resolver(component));
		}
	}

	/** Names of tables by number, as one component sees them. */
	resolver(component: string): TableResolver {
		let resolve = this.#resolvers.get(component);
		if (resolve === undefined) {
			resolve = (number) => {
				const entry = this.#byNumber.get(number);
				return entry !== undefined && entry.persisted && entry.component === component ? entry.name : null;
			};
			this.#resolvers.set(component, resolve);
		}
		return resolve;
	}

	/** The table with this number when it belongs to the component and exists. */
	byNumber(component: string, number: number): TableEntry | null {
		const entry = this.#byNumber.get(number);
		return entry !== undefined && entry.persisted && entry.component === component ? entry : null;
	}

	/** The table of this name; a name never seen before gets a number, but no row until something is inserted. */
	table(component: string, name: string): TableEntry {
		const known = this.#byName.get(`${component}\0${name}`);
		if (known !== undefined) return known;
		checkTableName(name);
		if (!this.#byName.has(`${component}\0${SYSTEM_TABLES[0]}`)) this.#addSystemTables(component);
		return (
			this.#byName.get(`${component}\0${name}`) ?? this.#add(this.#nextNumber(name.startsWith('_')), component, name)
		);
	}

	/** Writes the table's row if it has none. Returns whether it did: the catalogue must then be loaded again on rollback. */
	persist(table: TableEntry): boolean {
		if (table.persisted) return false;
		this.#database.run(
			"INSERT INTO tables (num, component, name, state) VALUES (?, ?, ?, 'active')",
			table.number,
			table.component,
			table.name
		);
		table.persisted = true;
		return true;
	}

	names(component: string, system: boolean): string[] {
		const names = [...this.#byNumber.values()]
			.filter((entry) => entry.component === component && entry.persisted && (system || !entry.name.startsWith('_')))
			.map((entry) => entry.name);
		return names.sort();
	}

	#addSystemTables(component: string): void {
		for (const name of SYSTEM_TABLES) {
			if (!this.#byName.has(`${component}\0${name}`)) this.#add(this.#nextNumber(true), component, name);
		}
	}

	#nextNumber(system: boolean): number {
		let highest = system ? 0 : FIRST_USER_TABLE - 1;
		for (const number of this.#byNumber.keys()) {
			if (number < FIRST_USER_TABLE === system) highest = Math.max(highest, number);
		}
		return highest + 1;
	}

	#add(number: number, component: string, name: string): TableEntry {
		const id = this.#database.row('SELECT id FROM docs WHERE tbl = ? ORDER BY id DESC LIMIT 1', number)?.[0];
		const entry: TableEntry = {
			number,
			component,
			name,
			persisted: false,
			lastCreation: id instanceof Uint8Array ? creationTimeOf(id) : 0,
			generation: 0,
			indexes: [],
			validator: null
		};
		this.#byNumber.set(number, entry);
		this.#byName.set(`${component}\0${name}`, entry);
		return entry;
	}
}

/** Throws a DeveloperError when `name` cannot name a table. */
function checkTableName(name: string): void {
	if (TABLE_NAME.test(name) && /[^_]/.test(name)) return;
	throw new DeveloperError(
		'InvalidTableName',
		`Invalid table name "${name}": Identifiers must start with a letter and can only contain letters, digits, and underscores.`
	);
}

function stringList(value: unknown): string[] {
	if (!Array.isArray(value)) throw new TypeError('index fields must be a list');
	return value.map(String);
}
