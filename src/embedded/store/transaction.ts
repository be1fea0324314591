import { DeveloperError } from '../values/errors.ts';
import { decodeId, encodeId, tryDecodeId } from '../values/ids.ts';
import type { DecodedId } from '../values/ids.ts';
import { EVERYTHING } from '../values/keys.ts';
import type { Catalog, IndexEntry, TableEntry } from './catalog.ts';
import type { Database } from './database.ts';
import {
	mergeFields,
	parseDocument,
	storedDocument,
	withoutEqualSystemFields,
	withoutSystemFields
} from './documents.ts';
import { storeError } from './errors.ts';
import { creationIndex, documentsIndex } from './indexes.ts';
import { ReadLog } from './reads.ts';
import { IdScan, TableScan, creationSource, indexSource } from './scan.ts';
import { searchText } from './textSearch.ts';
import type { TextMatch, TextQuery } from './textSearch.ts';
import type {
	CommitWrites,
	DocumentFields,
	KeyRange,
	ReadSet,
	Savepoint,
	Scan,
	SchemaMisfit,
	StoredDocument,
	Transaction
} from './types.ts';
import { searchVectors } from './vectorSearch.ts';
import type { VectorMatch, VectorQuery } from './vectorSearch.ts';
import { DocumentWriter } from './writer.ts';
import type { LocatedDocument, RestoredDocument } from './writer.ts';

/** What the store lends to a transaction. */
export interface TransactionHost {
	readonly database: Database;
	readonly catalog: Catalog;
	readonly latestTs: bigint;
	/** Ends the change of the schema that is under way, inside the transaction, because a document was written that it refuses. */
	refuseSchemaChange(misfit: SchemaMisfit): void;
	/** The timestamp that this commit will have. */
	commitTs(): bigint;
	/** Ends the transaction; `ts` is null on rollback. */
	end(transaction: StoreTransaction, ts: bigint | null): void;
}

/** A match with the id of its document. */
interface Named {
	readonly id: string;
}

/** Who writes: functions may not touch system tables, the engine may. */
type Caller = 'function' | 'system';

export class StoreTransaction implements Transaction {
	readonly kind: 'read' | 'write';
	readonly snapshotTs: bigint;
	readonly #host: TransactionHost;
	readonly #database: Database;
	readonly #catalog: Catalog;
	readonly #reads = new ReadLog();
	readonly #writer: DocumentWriter;
	#savepoints = 0;
	/** Grows with every partial rollback, so that open scans read again. */
	#rollbacks = 0;
	#catalogChanged = false;
	#broken = false;
	#ended = false;

	constructor(host: TransactionHost, kind: 'read' | 'write') {
		this.kind = kind;
		this.#host = host;
		this.#database = host.database;
		this.#catalog = host.catalog;
		this.snapshotTs = host.latestTs;
		this.#writer = new DocumentWriter(host.database, host.catalog, () => host.commitTs());
	}

	get reads(): ReadSet {
		return this.#reads.snapshot();
	}

	get(component: string, id: string): StoredDocument | null {
		this.#check();
		const decoded = decodeId(id);
		this.#reads.id(id);
		return this.#find(component, decoded)?.document ?? null;
	}

	insert(component: string, table: string, fields: DocumentFields): string {
		return this.#insert(component, table, fields, 'function');
	}

	patch(component: string, id: string, fields: DocumentFields): StoredDocument {
		return this.#patch(component, id, fields, 'function');
	}

	replace(component: string, id: string, fields: DocumentFields): StoredDocument {
		return this.#replace(component, id, fields, 'function');
	}

	remove(component: string, id: string): StoredDocument {
		return this.#remove(component, id, 'function');
	}

	/** As `insert`, for the engine: system tables are allowed. */
	systemInsert(component: string, table: string, fields: DocumentFields): string {
		return this.#insert(component, table, fields, 'system');
	}

	/** For imports: puts a document into a table, hidden or active, with the id and creation time that it has. */
	restore(table: TableEntry, document: RestoredDocument): string {
		this.#checkWrite();
		const { id, created } = this.#write(() => this.#writer.restore(table, document));
		this.#catalogChanged ||= created;
		return id;
	}

	/** As `patch`, for the engine: system tables are allowed. */
	systemPatch(component: string, id: string, fields: DocumentFields): StoredDocument {
		return this.#patch(component, id, fields, 'system');
	}

	/** As `remove`, for the engine: system tables are allowed. */
	systemRemove(component: string, id: string): StoredDocument {
		return this.#remove(component, id, 'system');
	}

	scan(component: string, table: string, index: string, range: KeyRange, order: 'asc' | 'desc'): Scan {
		this.#check();
		const entry = this.#catalog.table(component, table);
		const generation = () => entry.generation + this.#rollbacks;
		if (index === 'by_id') return new IdScan(this.#database, entry, range, order, this.#reads, generation);
		const isInherent = index === 'by_creation_time' && creationIndex(entry) === null;
		const source = isInherent
			? creationSource(this.#database, entry)
			: indexSource(this.#database, entry, this.#databaseIndex(entry, index));
		return new TableScan(source, range, order, this.#reads, generation);
	}

	/** The index when it is enabled and of the kind. Throws a DeveloperError otherwise. */
	searchIndex(component: string, table: string, index: string, kind: 'search' | 'vector'): IndexEntry {
		const entry = this.#enabledIndex(this.#catalog.table(component, table), index);
		if (entry.kind === kind) return entry;
		const name = `${table}.${index}`;
		throw kind === 'search'
			? new DeveloperError('IndexNotASearchIndex', `Index ${name} is not a search index`)
			: new DeveloperError('IndexNotAVectorIndex', `Index ${name} is not a vector index`);
	}

	/** Documents that match, best first. Their content is not read. */
	searchText(component: string, table: string, index: string, query: TextQuery): (TextMatch & Named)[] {
		this.#check();
		const entry = this.searchIndex(component, table, index, 'search');
		const { matches, reads } = searchText(this.#database, entry, query);
		for (const range of reads) this.#reads.interval({ index: entry.id, ...range });
		const { number } = this.#catalog.table(component, table);
		return matches.map((match) => ({ ...match, id: encodeId(number, match.internal) }));
	}

	/** The nearest documents, nearest first. Not added to the read set: only actions search vectors. */
	searchVectors(component: string, table: string, index: string, query: VectorQuery): (VectorMatch & Named)[] {
		this.#check();
		const entry = this.searchIndex(component, table, index, 'vector');
		const { number } = this.#catalog.table(component, table);
		return searchVectors(this.#database, entry, query).map((match) => ({
			...match,
			id: encodeId(number, match.internal)
		}));
	}

	indexFields(component: string, table: string, index: string): readonly string[] {
		if (index === 'by_id') return [];
		if (index === 'by_creation_time') return ['_creationTime'];
		return [...this.#databaseIndex(this.#catalog.table(component, table), index).fields, '_creationTime'];
	}

	count(component: string, table: string): number {
		this.#check();
		const entry = this.#catalog.table(component, table);
		this.#reads.interval({ index: documentsIndex(entry), ...EVERYTHING });
		return Number(this.#database.row('SELECT count(*) FROM docs WHERE tbl = ?', entry.tablet)?.[0] ?? 0);
	}

	tableOf(component: string, id: string): string | null {
		return this.#catalog.byNumber(component, decodeId(id).table)?.name ?? null;
	}

	normalizeId(component: string, table: string, text: string): string | null {
		const decoded = tryDecodeId(text);
		if (typeof decoded === 'string') return null;
		return this.#catalog.byNumber(component, decoded.table)?.name === table ? text : null;
	}

	savepoint(): Savepoint {
		this.#checkWrite();
		const name = `s${++this.#savepoints}`;
		const depth = this.#savepoints;
		const mark = this.#writer.mark();
		const catalogChanged = this.#catalogChanged;
		this.#catalogChanged = false;
		this.#database.prepare(`SAVEPOINT ${name}`).run();
		const finish = (): void => {
			if (this.#savepoints !== depth) throw new Error('savepoints must end in the reverse order of their start');
			this.#savepoints--;
		};
		return {
			release: () => {
				this.#checkWrite();
				finish();
				this.#database.prepare(`RELEASE ${name}`).run();
				this.#catalogChanged ||= catalogChanged;
			},
			rollback: () => {
				this.#checkWrite();
				finish();
				this.#database.prepare(`ROLLBACK TO ${name}`).run();
				this.#database.prepare(`RELEASE ${name}`).run();
				this.#writer.forgetSince(mark);
				this.#rollbacks++;
				if (this.#catalogChanged) this.#catalog.load();
				this.#catalogChanged = catalogChanged;
			}
		};
	}

	commit(): CommitWrites {
		this.#check();
		if (this.kind === 'read') {
			this.#ended = true;
			this.#host.end(this, null);
			return { ts: this.snapshotTs, entries: [], ids: new Set() };
		}
		this.#checkWrite();
		if (this.#savepoints > 0) throw new Error('a savepoint is still open');
		const ts = this.#host.commitTs();
		try {
			const [misfit] = this.#writer.misfits;
			if (misfit !== undefined) {
				this.#catalogChanged = true;
				this.#host.refuseSchemaChange(misfit);
			}
			this.#database.prepare("UPDATE meta SET value = ? WHERE name = 'last_ts'").run(ts);
			this.#database.prepare('COMMIT').run();
		} catch (error) {
			this.rollback();
			throw storeError(this.#database.path, error);
		}
		this.#ended = true;
		this.#host.end(this, ts);
		return this.#writer.writes(ts);
	}

	rollback(): void {
		if (this.#ended) return;
		this.#ended = true;
		// SQLite has already rolled back by itself after some failures (a full disk).
		if (this.kind === 'write' && this.#database.connection.isTransaction) this.#database.prepare('ROLLBACK').run();
		this.#writer.forgetMemory();
		if (this.#catalogChanged) this.#catalog.load();
		this.#host.end(this, null);
	}

	/** For the store: tables or indexes changed, so a rollback must read the catalogue again. */
	catalogWillChange(): void {
		this.#checkWrite();
		this.#catalogChanged = true;
	}

	#insert(component: string, name: string, fields: DocumentFields, caller: Caller): string {
		this.#checkWrite();
		if (caller === 'function' && name.startsWith('_')) {
			throw new DeveloperError('InvalidTableName', `Invalid table name ${name} starts with metadata prefix '_'`);
		}
		const table = this.#catalog.table(component, name);
		const allowed = withoutSystemFields(fields);
		const { id, created } = this.#write(() => this.#writer.insert(table, allowed));
		this.#catalogChanged ||= created;
		return id;
	}

	#patch(component: string, id: string, fields: DocumentFields, caller: Caller): StoredDocument {
		const found = this.#require(component, id, caller, 'patch');
		const old = parseDocument(found.document.json);
		const patch = withoutEqualSystemFields(fields, id, old.creationTime);
		return this.#write(() => this.#writer.update(found, old, mergeFields(old.fields, patch)));
	}

	#replace(component: string, id: string, fields: DocumentFields, caller: Caller): StoredDocument {
		const found = this.#require(component, id, caller, 'replace');
		const old = parseDocument(found.document.json);
		const next = withoutEqualSystemFields(fields, id, old.creationTime);
		return this.#write(() => this.#writer.update(found, old, next));
	}

	#remove(component: string, id: string, caller: Caller): StoredDocument {
		const found = this.#require(component, id, caller, 'delete');
		this.#write(() => this.#writer.remove(found));
		return found.document;
	}

	/** A mistake of the caller leaves nothing behind; after any other failure half a document may have been written. */
	#write<T>(action: () => T): T {
		try {
			return action();
		} catch (error) {
			if (!(error instanceof DeveloperError)) this.#broken = true;
			throw storeError(this.#database.path, error);
		}
	}

	#find(component: string, id: DecodedId): LocatedDocument | null {
		const table = this.#catalog.byNumber(component, id.table);
		if (table === null) return null;
		const json = this.#database.row('SELECT json FROM docs WHERE tbl = ? AND id = ?', table.tablet, id.internal)?.[0];
		return typeof json === 'string' ? { table, internal: id.internal, document: storedDocument(table, json) } : null;
	}

	/** The document to change. Whether it exists was read, so it belongs to the read set. */
	#require(component: string, id: string, caller: Caller, verb: 'patch' | 'replace' | 'delete'): LocatedDocument {
		this.#checkWrite();
		const decoded = decodeId(id);
		const table = this.#catalog.byNumber(component, decoded.table);
		if (table === null) throw new DeveloperError('TableNotFound', `Table for ID "${id}" not found`);
		if (caller === 'function' && table.name.startsWith('_')) {
			throw new DeveloperError('ReadOnlyTable', `Cannot ${verb} a document of the system table "${table.name}".`);
		}
		this.#reads.id(id);
		const found = this.#find(component, decoded);
		if (found !== null) return found;
		const action = { patch: 'Update', replace: 'Replace', delete: 'Delete' }[verb];
		throw new DeveloperError('DocumentNotFound', `${action} on nonexistent document ID ${id}`);
	}

	#databaseIndex(table: TableEntry, name: string): IndexEntry {
		const index = this.#enabledIndex(table, name);
		if (index.kind === 'database') return index;
		throw new DeveloperError('IndexNotADatabaseIndex', `Index ${table.name}.${name} is not a database index`);
	}

	#enabledIndex(table: TableEntry, name: string): IndexEntry {
		const named = table.indexes.filter((candidate) => candidate.name === name);
		const enabled = named.find(({ state }) => state === 'enabled');
		if (enabled !== undefined) return enabled;
		const [index] = named;
		if (index === undefined) throw new DeveloperError('IndexNotFound', `Index ${table.name}.${name} not found.`);
		throw new DeveloperError(
			'IndexNotEnabled',
			index.staged
				? `Index ${table.name}.${name} is currently staged and not available to query until it is enabled.`
				: `Index ${table.name}.${name} is currently backfilling and not available to query yet.`
		);
	}

	#check(): void {
		if (this.#ended) throw new Error('the transaction has ended');
	}

	#checkWrite(): void {
		this.#check();
		if (this.kind === 'read') throw new Error('a read transaction cannot write');
		if (this.#broken) throw new Error('the transaction failed and can only be rolled back');
	}
}
