/**
 * Imports. A restart forgets them, and nothing of one that was under way is kept.
 *
 *     uploaded ──▶ waiting_for_confirmation ──▶ in_progress ──▶ completed
 *         └──────────────────┴───── fault, cancel ────┴───────▶ failed
 */
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import type { Engine } from '../engine/engine.ts';
import { diskRefusal, storeBytes } from '../files/disk.ts';
import type { ImportMode, StagedTable } from '../store/staging.ts';
import { tryDecodeId } from '../values/ids.ts';
import { parseImport } from './parse.ts';
import { ImportRefusal } from './refusal.ts';
import type { ImportedTable, ImportFormat, ParsedImport } from './parse.ts';
import { summarize } from './summary.ts';
import type { TableCount } from './summary.ts';

export type ImportState =
	| { readonly state: 'uploaded' }
	| {
			readonly state: 'waiting_for_confirmation';
			readonly message_to_confirm: string;
			readonly require_manual_confirmation: boolean;
	  }
	| {
			readonly state: 'in_progress';
			readonly progress_message: string;
			readonly checkpoint_messages: string[];
	  }
	| { readonly state: 'completed'; readonly num_rows_written: bigint; readonly timestamp: bigint }
	| { readonly state: 'failed'; readonly error_message: string };

export interface ImportRequest {
	readonly tableName: string | null;
	readonly component: string;
	readonly mode: ImportMode;
	readonly format: ImportFormat;
}

interface Import extends ImportRequest {
	readonly id: string;
	readonly path: string;
	state: ImportState;
}

interface Counted extends TableCount {
	/** What the id of the first row says, null when it has none. */
	readonly number: number | null;
}

type ImportEngine = Pick<
	Engine,
	| 'tableCounts'
	| 'beginImport'
	| 'importRows'
	| 'importFiles'
	| 'appendImported'
	| 'publishImport'
	| 'endImport'
	| 'discardFiles'
	| 'latestTs'
>;

const BATCH_ROWS = 500;
const BATCH_BYTES = 512 * 1024;
const KEPT = 20;
const MAX_PARTS = 10_000;
const tableRow = z.object({ name: z.string(), id: z.number() });
const fileRow = z.object({
	_id: z.string(),
	_creationTime: z.number().nullish(),
	sha256: z.string().nullish(),
	contentType: z.string().nullish(),
	internalId: z.guid().nullish()
});

export class Imports {
	readonly #engine: ImportEngine;
	readonly #dataDir: string;
	readonly #directory: string;
	readonly #changed: () => void;
	readonly #imports = new Map<string, Import>();
	/** Number of parts of each upload, by token. */
	readonly #uploads = new Map<string, Set<number>>();

	/** `changed` is called after every change of a state. */
	constructor(engine: ImportEngine, dataDir: string, changed: () => void) {
		this.#engine = engine;
		this.#dataDir = dataDir;
		this.#directory = join(dataDir, 'imports');
		this.#changed = changed;
		rmSync(this.#directory, { recursive: true, force: true });
	}

	/** The newest first. */
	get all(): readonly Import[] {
		return [...this.#imports.values()].reverse();
	}

	get(id: string): Import | null {
		return this.#imports.get(id) ?? null;
	}

	startUpload(): string {
		const token = randomUUID();
		this.#uploads.set(token, new Set());
		return token;
	}

	/** Keeps one part. False for a token that is not known. Throws a FileRefusal when the disk does not take it. */
	async addPart(token: string, part: number, source: AsyncIterable<unknown>): Promise<boolean> {
		const parts = this.#uploads.get(token);
		if (parts === undefined || !Number.isInteger(part) || part < 0 || part > MAX_PARTS) return false;
		mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
		const path = this.#part(token, part);
		try {
			await pipeline(source, createWriteStream(path, { mode: 0o600 }));
		} catch (error) {
			await rm(path, { force: true });
			throw diskRefusal(error) ?? error;
		}
		parts.add(part);
		return true;
	}

	/** Puts the parts together and looks at them. Returns the import's id; null for a token or part that is not known. */
	async finishUpload(token: string, order: readonly number[], request: ImportRequest): Promise<string | null> {
		const parts = this.#uploads.get(token);
		if (parts === undefined || order.some((part) => !parts.has(part))) return null;
		this.#uploads.delete(token);
		mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
		const path = join(this.#directory, token);
		await pipeline(this.#joined(token, order), createWriteStream(path, { mode: 0o600 }));
		for (const part of parts) await rm(this.#part(token, part), { force: true });
		const added: Import = { ...request, id: token, path, state: { state: 'uploaded' } };
		this.#imports.set(token, added);
		for (const old of [...this.#imports.values()].slice(0, -KEPT)) if (isEnded(old.state)) this.#imports.delete(old.id);
		void this.#attempt(added, () => this.#inspect(added));
		return token;
	}

	/** Begins an import that waits for it. False when there is none of this id. */
	confirm(id: string): boolean {
		const found = this.#imports.get(id);
		if (found === undefined) return false;
		if (found.state.state !== 'waiting_for_confirmation') return true;
		this.#set(found, { state: 'in_progress', progress_message: 'Importing', checkpoint_messages: [] });
		void this.#attempt(found, () => this.#perform(found));
		return true;
	}

	/** Ends an import that has not ended. False when there is none of this id, or it has. */
	cancel(id: string): boolean {
		const found = this.#imports.get(id);
		if (found === undefined || isEnded(found.state)) return false;
		const running = found.state.state === 'in_progress';
		this.#set(found, { state: 'failed', error_message: 'Import canceled' });
		if (!running) void rm(found.path, { force: true });
		return true;
	}

	async #attempt(running: Import, work: () => Promise<void>): Promise<void> {
		try {
			await work();
		} catch (error) {
			const message = error instanceof Error ? error.message : String(error);
			if (!isEnded(running.state))
				this.#set(running, { state: 'failed', error_message: `Hit an error while importing:\n${message}` });
		}
		if (isEnded(running.state)) await rm(running.path, { force: true });
	}

	async #inspect(running: Import): Promise<void> {
		const parsed = await this.#parse(running);
		try {
			const counts: Counted[] = [];
			for (const table of parsed.tables) counts.push(await counted(table));
			const summary = summarize(running.mode, counts, await this.#engine.tableCounts());
			if (isEnded(running.state)) return;
			this.#set(running, {
				state: 'waiting_for_confirmation',
				message_to_confirm: summary.message,
				require_manual_confirmation: summary.deletes
			});
		} finally {
			parsed.close();
		}
	}

	async #perform(running: Import): Promise<void> {
		const parsed = await this.#parse(running);
		let staged: readonly StagedTable[] = [];
		const stored: string[] = [];
		let published = false;
		try {
			const data = parsed.tables.filter(({ name }) => name !== '_tables');
			staged = await this.#engine.beginImport(running.mode, await wantedTables(parsed, data));
			let rows = 0n;
			for (const table of data) {
				const place = staged.find(({ component, name }) => component === table.component && name === table.name);
				if (place === undefined) throw new Error(`The table ${table.name} was not prepared.`);
				if (table.name === '_storage') await this.#files(running, parsed, table, place.tablet, stored);
				else rows += await this.#rows(running, table, place.tablet);
			}
			checkRunning(running);
			while ((await this.#engine.appendImported(staged)) > 0);
			await this.#engine.publishImport(running.mode, staged);
			published = true;
			this.#set(running, { state: 'completed', num_rows_written: rows, timestamp: this.#engine.latestTs() });
		} finally {
			parsed.close();
			await this.#engine.endImport(staged);
			if (!published) await this.#engine.discardFiles(stored);
		}
	}

	async #rows(running: Import, table: ImportedTable, tablet: number): Promise<bigint> {
		let count = 0;
		let bytes = 0;
		let batch: string[] = [];
		const where = table.component === '' ? '' : ` in component ${table.component}`;
		const flush = async (): Promise<void> => {
			checkRunning(running);
			if (batch.length > 0) await this.#engine.importRows(tablet, batch);
			count += batch.length;
			batch = [];
			bytes = 0;
		};
		for await (const row of table.rows()) {
			batch.push(row);
			bytes += row.length;
			if (batch.length < BATCH_ROWS && bytes < BATCH_BYTES) continue;
			await flush();
			this.#progress(running, `Importing "${table.name}" (${count.toLocaleString('en-US')} documents)`);
		}
		await flush();
		this.#checkpoint(running, `Imported "${table.name}"${where} (${count.toLocaleString('en-US')} documents)`);
		return BigInt(count);
	}

	async #files(
		running: Import,
		parsed: ParsedImport,
		table: ImportedTable,
		tablet: number,
		stored: string[]
	): Promise<void> {
		const rows = new Map<string, z.infer<typeof fileRow>>();
		for await (const json of table.rows()) {
			const row = fileRow.parse(JSON.parse(json));
			rows.set(row._id, row);
		}
		const files = parsed.files.filter(({ component }) => component === table.component);
		for (const [index, { id, open }] of files.entries()) {
			if (id === 'documents') continue;
			checkRunning(running);
			const row = rows.get(id);
			const file = await storeBytes(this.#dataDir, await open(), {
				contentType: row?.contentType ?? null,
				sha256: row?.sha256 ?? null
			});
			stored.push(file.name);
			const restored = { ...file, storageId: id, uuid: row?.internalId ?? file.uuid };
			await this.#engine.importFiles(tablet, [{ file: restored, creationTime: row?._creationTime ?? null }]);
			this.#progress(running, `Importing "_storage" (${index + 1}/${rows.size} files)`);
		}
		this.#checkpoint(running, `Imported "_storage" (${rows.size} files)`);
	}

	#progress(running: Import, message: string): void {
		if (running.state.state === 'in_progress') this.#set(running, { ...running.state, progress_message: message });
	}

	#checkpoint(running: Import, message: string): void {
		if (running.state.state !== 'in_progress') return;
		const checkpoints = [...running.state.checkpoint_messages, message];
		this.#set(running, { state: 'in_progress', progress_message: message, checkpoint_messages: checkpoints });
	}

	#set(running: Import, state: ImportState): void {
		running.state = state;
		this.#changed();
	}

	#parse({ path, format, tableName, component }: Import): Promise<ParsedImport> {
		return parseImport(path, format, tableName, component);
	}

	#part(token: string, part: number): string {
		return join(this.#directory, `${token}.${part}`);
	}

	async *#joined(token: string, order: readonly number[]): AsyncGenerator<unknown> {
		for (const part of order) yield* createReadStream(this.#part(token, part));
	}
}

function isEnded({ state }: ImportState): boolean {
	return state === 'completed' || state === 'failed';
}

function checkRunning({ state }: Import): void {
	if (state.state !== 'in_progress') throw new ImportRefusal('Import canceled');
}

async function counted(table: ImportedTable): Promise<Counted> {
	let count = 0;
	let number: number | null = null;
	for await (const row of table.rows()) if (count++ === 0) number = numberOf(row);
	return { component: table.component, name: table.name, count, number };
}

/** Every table with the number that `_tables` or, failing that, its first row gives it. */
async function wantedTables(parsed: ParsedImport, data: readonly ImportedTable[]) {
	const wanted = new Map<string, { component: string; name: string; number: number | null }>();
	for (const { component, name, rows } of parsed.tables) {
		if (name !== '_tables') continue;
		for await (const json of rows()) {
			const entry = tableRow.parse(JSON.parse(json));
			wanted.set(`${component}\0${entry.name}`, { component, name: entry.name, number: entry.id });
		}
	}
	for (const { component, name, rows } of data) {
		const key = `${component}\0${name}`;
		if (wanted.has(key)) continue;
		const { value, done } = await rows().next();
		wanted.set(key, { component, name, number: done ? null : numberOf(value) });
	}
	return [...wanted.values()];
}

function numberOf(row: string): number | null {
	const parsed = z.object({ _id: z.string() }).safeParse(JSON.parse(row));
	if (!parsed.success) return null;
	const decoded = tryDecodeId(parsed.data._id);
	return typeof decoded === 'string' ? null : decoded.table;
}
