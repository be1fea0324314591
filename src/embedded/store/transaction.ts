import { DeveloperError } from '../values/errors.ts';
import { decodeId, encodeId, tryDecodeId } from '../values/ids.ts';
import { EVERYTHING } from '../values/keys.ts';
import { writeRecords } from './batch.ts';
import type { Catalog } from './catalog.ts';
import type { TableEntry } from './tableEntry.ts';
import type { Database } from './database.ts';
import { LayerWrites } from './commitWrites.ts';
import { DocumentReader } from './documentReader.ts';
import type { Caller, Change } from './documentReader.ts';
import { mergeFields, parseDocument, withoutEqualSystemFields, withoutSystemFields } from './documents.ts';
import { creationIndex, documentsIndex } from './indexes.ts';
import { Layer, writtenRow } from './layer.ts';
import type { NamedRow, Row } from './layer.ts';
import type { Statement } from './statement.ts';
import type { ReadPlace } from './merge.ts';
import { ReadLog } from './reads.ts';
import { IdScan, TableScan, creationSource, indexSource } from './scan.ts';
import { Searches } from './searches.ts';
import type {
	CommitWrites,
	DocumentFields,
	KeyRange,
	ReadSet,
	Savepoint,
	Scan,
	StoredDocument,
	Transaction
} from './types.ts';
import type { TransactionHost } from './transactionHost.ts';
import { usableIndex } from './usableIndex.ts';
import { DocumentWriter } from './writer.ts';
import type { LocatedDocument, RestoredDocument } from './writer.ts';

export class StoreTransaction implements Transaction {
	readonly kind: 'read' | 'write';
	readonly snapshotTs: bigint;
	readonly searches: Searches;
	readonly #host: TransactionHost;
	readonly #database: Database;
	readonly #catalog: Catalog;
	readonly #reads = new ReadLog();
	readonly #layer: Layer;
	readonly #writer: DocumentWriter;
	readonly #place: ReadPlace;
	readonly #documents: DocumentReader;
	readonly #lossesBefore: number;
	#savepoints = 0;
	/** Grows with every partial rollback, so that open scans read again. */
	#rollbacks = 0;
	#exclusive = false;
	#ended = false;

	constructor(host: TransactionHost, kind: 'read' | 'write') {
		this.kind = kind;
		this.#host = host;
		this.#database = host.database;
		this.#catalog = host.catalog;
		this.snapshotTs = host.latestTs;
		this.#layer = new Layer(host.records);
		if (kind === 'write') host.records.clear();
		this.#writer = new DocumentWriter(this.#layer, host.catalog, () => host.commitTs());
		const layers = kind === 'read' ? () => host.pending : () => [this.#layer, ...host.pending];
		this.#place = { database: host.database, layers };
		this.#documents = new DocumentReader(this.#place, host.catalog);
		this.searches = new Searches(this.#place, host.catalog, this.#reads, () => this.#check());
		this.#lossesBefore = host.losses;
	}

	get reads(): ReadSet {
		return this.#reads.snapshot();
	}

	get(component: string, id: string): StoredDocument | null {
		this.#check();
		const decoded = decodeId(id);
		this.#reads.id(id);
		return this.#documents.find(component, decoded)?.document ?? null;
	}

	insert(component: string, table: string, fields: DocumentFields, text?: string): string {
		return this.#insert(component, table, fields, 'function', text);
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
		const { internal } = document;
		if (internal !== null && this.#documents.textOf(table, internal) !== null) {
			const id = encodeId(table.number, internal);
			throw new DeveloperError('InvalidId', `Table "${table.name}" has more than one document with the _id ${id}.`);
		}
		return this.#writer.restore(table, document, () => {
			const database = this.exclusive();
			writeRecords(database, this.#layer.records.shared);
			return database;
		});
	}

	/** As `patch`, for the engine: system tables are allowed. */
	systemPatch(component: string, id: string, fields: DocumentFields): StoredDocument {
		return this.#patch(component, id, fields, 'system');
	}

	/** As `remove`, for the engine: system tables are allowed. */
	systemRemove(component: string, id: string): StoredDocument {
		return this.#remove(component, id, 'system');
	}

	scan(component: string, table: string, index: string, range: KeyRange, order: 'asc' | 'desc', wanted?: number): Scan {
		this.#check();
		const entry = this.#catalog.table(component, table);
		const generation = () => entry.generation + this.#rollbacks;
		if (index === 'by_id') return new IdScan(this.#place, entry, range, order, this.#reads, generation);
		const isInherent = index === 'by_creation_time' && creationIndex(entry) === null;
		const source = isInherent
			? creationSource(this.#place, entry)
			: indexSource(this.#place, entry, usableIndex(entry, index, 'database'));
		return new TableScan(source, range, order, this.#reads, generation, wanted);
	}

	indexFields(component: string, table: string, index: string): readonly string[] {
		if (index === 'by_id') return [];
		if (index === 'by_creation_time') return ['_creationTime'];
		return [...usableIndex(this.#catalog.table(component, table), index, 'database').fields, '_creationTime'];
	}

	count(component: string, table: string): number {
		this.#check();
		const entry = this.#catalog.table(component, table);
		this.#reads.interval({ index: documentsIndex(entry), ...EVERYTHING });
		return this.#host.count(entry) + (this.#layer.counts.get(entry) ?? 0);
	}

	tableOf(component: string, id: string): string | null {
		return this.#catalog.byNumber(component, decodeId(id).table)?.name ?? null;
	}

	normalizeId(component: string, table: string, text: string): string | null {
		const decoded = tryDecodeId(text);
		if (typeof decoded === 'string') return null;
		return this.#catalog.byNumber(component, decoded.table)?.name === table ? text : null;
	}

	/** Runs a statement with the commit. What a name looks up is its row from now on; null when it is deleted. */
	execute(statement: Statement, ...rows: readonly NamedRow[]): void {
		this.#checkWrite();
		this.#layer.execute(statement, ...rows);
	}

	/** The row of a table that is not documents: as `execute` named it, else what the query finds in the file. */
	lookUp(name: string, { sql, parameters }: Statement): Row | null {
		this.#check();
		const write = writtenRow(this.#place.layers(), name);
		return write === undefined ? this.#database.row(sql, ...parameters) : write.row;
	}

	savepoint(): Savepoint {
		this.#checkWrite();
		if (this.#exclusive) throw new Error('an exclusive transaction has no savepoints');
		const depth = ++this.#savepoints;
		const mark = this.#layer.mark();
		const reported = this.#writer.mark();
		const finish = (): void => {
			this.#checkWrite();
			if (this.#savepoints !== depth) throw new Error('savepoints must end in the reverse order of their start');
			this.#savepoints--;
		};
		return {
			release: () => {
				finish();
				this.#layer.keep();
			},
			rollback: () => {
				finish();
				this.#layer.takeBack(mark);
				this.#writer.forgetSince(reported);
				this.#rollbacks++;
			}
		};
	}

	/**
	 * From here on, statements on the store's database belong to this transaction, which waits for all before it and keeps
	 * out all others: for changes of the catalogue and of what was pushed.
	 */
	exclusive(): Database {
		this.#checkWrite();
		if (this.#exclusive) return this.#database;
		if (this.#savepoints > 0) throw new Error('a savepoint is still open');
		this.#host.beginExclusive();
		this.#exclusive = true;
		return this.#database;
	}

	commit(): CommitWrites {
		this.#check();
		if (this.kind === 'read') {
			this.#ended = true;
			this.#host.end(this, null);
			return { ts: this.snapshotTs, entries: [], entryCount: 0, ids: new Set() };
		}
		if (this.#savepoints > 0) throw new Error('a savepoint is still open');
		const ts = this.#host.commitTs();
		try {
			if (this.#host.losses !== this.#lossesBefore) throw this.#host.lossError;
			const [misfit] = this.#writer.misfits;
			if (misfit !== undefined) {
				this.exclusive();
				this.#host.refuseSchemaChange(misfit);
			}
			if (this.#exclusive) this.#host.commitExclusive(this.#layer, ts);
			else this.#host.accept(this.#layer, ts);
		} catch (error) {
			this.rollback();
			throw error;
		}
		this.#ended = true;
		this.#host.end(this, ts);
		return new LayerWrites(ts, this.#layer);
	}

	rollback(): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#layer.abandon();
		this.#writer.forgetMemory();
		if (this.#exclusive) this.#host.rollbackExclusive();
		this.#host.end(this, null);
	}

	#insert(component: string, name: string, fields: DocumentFields, caller: Caller, text?: string): string {
		this.#checkWrite();
		if (caller === 'function' && name.startsWith('_')) {
			throw new DeveloperError('InvalidTableName', `Invalid table name ${name} starts with metadata prefix '_'`);
		}
		const table = this.#catalog.table(component, name);
		return this.#writer.insert(
			table,
			withoutSystemFields(fields),
			text === undefined ? undefined : { fields, json: text }
		);
	}

	#patch(component: string, id: string, fields: DocumentFields, caller: Caller): StoredDocument {
		const found = this.#require(component, id, caller, 'patch');
		const old = parseDocument(found.document.json);
		const patch = withoutEqualSystemFields(fields, id, old.creationTime);
		return this.#writer.update(found, old, mergeFields(old.fields, patch));
	}

	#replace(component: string, id: string, fields: DocumentFields, caller: Caller): StoredDocument {
		const found = this.#require(component, id, caller, 'replace');
		const old = parseDocument(found.document.json);
		const next = withoutEqualSystemFields(fields, id, old.creationTime);
		return this.#writer.update(found, old, next);
	}

	#remove(component: string, id: string, caller: Caller): StoredDocument {
		const found = this.#require(component, id, caller, 'delete');
		this.#writer.remove(found);
		return found.document;
	}

	/** The document to change. Whether it exists was read, so it belongs to the read set. */
	#require(component: string, id: string, caller: Caller, verb: Change): LocatedDocument {
		this.#checkWrite();
		return this.#documents.require(component, id, caller, verb, () => this.#reads.id(id));
	}

	#check(): void {
		if (this.#ended) throw new Error('the transaction has ended');
	}

	#checkWrite(): void {
		this.#check();
		if (this.kind === 'read') throw new Error('a read transaction cannot write');
	}
}
