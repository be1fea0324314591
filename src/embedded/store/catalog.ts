import type { Database } from './database.ts';
import { creationTimeOf } from './clock.ts';
import { creationIndex } from './indexes.ts';
import type { Layer } from './layer.ts';
import { FIRST_USER_TABLE, SYSTEM_TABLES } from './layout.ts';
import { indexShape } from './indexShapes.ts';
import { definitionFromStored, schemasFromStored } from './schema.ts';
import { checkTableName, insertionOf, newTableEntry, tableExists } from './tableEntry.ts';
import type { TableEntry } from './tableEntry.ts';
import type { SchemaDefinition, Schemas } from './types.ts';
import { compileValidator } from '../values/validate.ts';
import type { TableResolver } from '../values/validate.ts';
import { encodeKey } from '../values/keys.ts';

/** What the `tables`, `indexes` and `schemas` rows say, in memory. */
export class Catalog {
	readonly #database: Database;
	/** Every table, hidden ones included. */
	readonly #byTablet = new Map<number, TableEntry>();
	readonly #byNumber = new Map<string, Map<number, TableEntry>>();
	readonly #byName = new Map<string, TableEntry>();
	readonly #schemas = new Map<string, SchemaDefinition>();
	readonly #resolvers = new Map<string, TableResolver>();

	constructor(database: Database) {
		this.#database = database;
		this.load();
		this.#addSystemTables('');
	}

	/** Reads everything again: on start, and after a rollback of a transaction that changed tables or indexes. */
	load(): void {
		const before = [...this.#byTablet.values()];
		this.#byTablet.clear();
		this.#byNumber.clear();
		this.#byName.clear();
		for (const entry of before) {
			entry.persisted = false;
			entry.generation++;
			entry.documents = null;
			entry.indexes = [];
			entry.validator = null;
			entry.pendingValidator = null;
		}
		const rows = this.#database.rows('SELECT num, component, name, state, number FROM tables');
		for (const [tablet, component, rowName, state, number] of rows) {
			const hidden = state === 'hidden';
			const name = hidden ? String(rowName).slice(String(rowName).lastIndexOf('/') + 1) : String(rowName);
			const known = before.find((entry) => entry.tablet === tablet && entry.name === name && entry.number === number);
			const entry = known ?? newTableEntry(Number(tablet), Number(number), String(component), name);
			entry.persisted = true;
			this.loadIndexes(entry);
			if (known === undefined) entry.lastCreation = this.#lastCreation(entry);
			if (hidden) this.#byTablet.set(entry.tablet, entry);
			else this.#add(entry);
		}
		// Those that only readers have named keep their numbers where nothing has taken them.
		for (const entry of before) {
			if (this.#byTablet.has(entry.tablet) || this.#named(entry.component, entry.name) !== undefined) continue;
			if (this.#numbers(entry.component).has(entry.number)) continue;
			this.#add(entry);
		}
		this.#schemas.clear();
		for (const [component, definition] of this.#database.rows('SELECT component, definition FROM schemas')) {
			this.setSchema(String(component), definitionFromStored(String(definition)));
		}
		const schemas = this.#database.row("SELECT schemas FROM schema_changes WHERE state IN ('pending', 'validated')");
		this.setPending(schemas === null ? null : schemasFromStored(String(schemas[0])));
	}

	loadIndexes(table: TableEntry): void {
		const rows = this.#database.rows(
			"SELECT id, name, fields, state, staged FROM indexes WHERE tbl = ? AND state <> 'dropping' ORDER BY id",
			table.tablet
		);
		table.indexes = rows.map(([id, name, fieldsJson, state, staged]) => {
			const shape = indexShape(JSON.parse(String(fieldsJson)));
			return {
				...shape,
				id: Number(id),
				name: String(name),
				paths: shape.fields.map((field) => field.split('.')),
				state: state === 'enabled' || state === 'ready' ? state : 'backfilling',
				staged: staged === 1,
				memory: null
			};
		});
	}

	schema(component: string): SchemaDefinition | null {
		return this.#schemas.get(component) ?? null;
	}

	/** Puts the validators of a component's tables in force; null takes them away. */
	setSchema(component: string, schema: SchemaDefinition | null): void {
		for (const entry of this.#byTablet.values()) if (entry.component === component) entry.validator = null;
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

	/** Has new documents checked against the schemas of a push under way too; null when there is none. */
	setPending(schemas: Schemas | null): void {
		for (const entry of this.#byTablet.values()) entry.pendingValidator = null;
		for (const [component, schema] of schemas ?? []) {
			if (schema === null || !schema.schemaValidation) continue;
			for (const { name, documentType } of schema.tables) {
				if (documentType !== null)
					this.table(component, name).pendingValidator = compileValidator(documentType, this.resolver(component));
			}
		}
	}

	/** Tables of a component by which it is known now, those included that only readers have named. */
	tables(component: string): TableEntry[] {
		return [...this.#byName.values()].filter((entry) => entry.component === component);
	}

	/** Components that have a table or a schema. */
	components(): string[] {
		return [...new Set([...this.#byName.values()].map((entry) => entry.component))].sort();
	}

	/** Names of tables by number, as one component sees them. */
	resolver(component: string): TableResolver {
		let resolve = this.#resolvers.get(component);
		if (resolve === undefined) {
			resolve = (number) => {
				const entry = this.#byNumber.get(component)?.get(number);
				return entry !== undefined && tableExists(entry) ? entry.name : null;
			};
			this.#resolvers.set(component, resolve);
		}
		return resolve;
	}

	/** The table with this number when it belongs to the component and exists. */
	byNumber(component: string, number: number): TableEntry | null {
		const entry = this.#byNumber.get(component)?.get(number);
		return entry !== undefined && tableExists(entry) ? entry : null;
	}

	/** A table by its tablet, hidden or not, when it exists. */
	byTablet(tablet: number): TableEntry | null {
		const entry = this.#byTablet.get(tablet);
		return entry !== undefined && entry.persisted ? entry : null;
	}

	/** Every table that exists and is not hidden. */
	active(): TableEntry[] {
		return [...this.#byName.values()].filter((entry) => entry.persisted);
	}

	/** A tablet and a table number that nothing uses. */
	unused(component: string, system: boolean): { readonly tablet: number; readonly number: number } {
		return { tablet: Math.max(0, ...this.#byTablet.keys()) + 1, number: this.#nextNumber(component, system) };
	}

	/** The table of this name; a name never seen before gets a number, but no row until something is inserted. */
	table(component: string, name: string): TableEntry {
		const known = this.#named(component, name);
		if (known !== undefined) return known;
		checkTableName(name);
		this.#addSystemTables(component);
		const { tablet, number } = this.unused(component, name.startsWith('_'));
		return this.#named(component, name) ?? this.#add(newTableEntry(tablet, number, component, name));
	}

	/** Writes the table's row if it has none. Inside an exclusive transaction, after whose rollback `load` is called. */
	persist(table: TableEntry): void {
		if (table.persisted) return;
		const { sql, parameters } = insertionOf(table);
		this.#database.run(sql, ...parameters);
		table.persisted = true;
	}

	/** As `persist`, with the other writes of a layer. */
	create(table: TableEntry, layer: Layer): void {
		if (table.persisted) return;
		layer.execute(insertionOf(table));
		layer.create(table);
		table.persisted = true;
	}

	names(component: string, system: boolean): string[] {
		const names = this.active()
			.filter((entry) => entry.component === component && (system || !entry.name.startsWith('_')))
			.map((entry) => entry.name);
		return names.sort();
	}

	#addSystemTables(component: string): void {
		for (const [name, wanted] of Object.entries(SYSTEM_TABLES)) {
			if (this.#named(component, name) !== undefined) continue;
			const { tablet, number } = this.unused(component, true);
			const free = !this.#numbers(component).has(wanted);
			this.#add(newTableEntry(tablet, free ? wanted : number, component, name));
		}
	}

	#named(component: string, name: string): TableEntry | undefined {
		return this.#byName.get(`${component}\0${name}`);
	}

	#numbers(component: string): Map<number, TableEntry> {
		let numbers = this.#byNumber.get(component);
		if (numbers === undefined) this.#byNumber.set(component, (numbers = new Map()));
		return numbers;
	}

	#nextNumber(component: string, system: boolean): number {
		let highest = system ? 0 : FIRST_USER_TABLE - 1;
		for (const number of this.#numbers(component).keys()) {
			if (number < FIRST_USER_TABLE === system) highest = Math.max(highest, number);
		}
		return highest + 1;
	}

	#add(entry: TableEntry): TableEntry {
		this.#byTablet.set(entry.tablet, entry);
		this.#numbers(entry.component).set(entry.number, entry);
		this.#byName.set(`${entry.component}\0${entry.name}`, entry);
		return entry;
	}

	/** Creation time of the newest document; imported ones with a time to come do not count. */
	#lastCreation(entry: TableEntry): number {
		const index = creationIndex(entry);
		if (index !== null) {
			const key = this.#database.row(
				'SELECT k FROM idx WHERE ix = ? AND k < ? ORDER BY k DESC LIMIT 1',
				index.id,
				encodeKey([Date.now()])
			)?.[0];
			return key instanceof Uint8Array ? creationTimeOf(key.subarray(1)) : 0;
		}
		const id = this.#database.row('SELECT id FROM docs WHERE tbl = ? ORDER BY id DESC LIMIT 1', entry.tablet)?.[0];
		return id instanceof Uint8Array ? creationTimeOf(id) : 0;
	}
}
