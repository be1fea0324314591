/** What an uploaded file says, table by table, as streams of Convex JSON. */
import { createReadStream } from 'node:fs';
import { stat, readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { openPromise } from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';
import { csvRows } from './csv.ts';
import { importLine } from './json.ts';
import { ImportRefusal } from './refusal.ts';

export type ImportFormat = 'csv' | 'jsonLines' | 'jsonArray' | 'zip';

export interface ImportedTable {
	readonly component: string;
	readonly name: string;
	/** Convex JSON text of each row. Throws an ImportRefusal that names the row. */
	rows(): AsyncGenerator<string>;
}

interface ImportedFile {
	readonly component: string;
	readonly id: string;
	open(): Promise<Readable>;
}

export interface ParsedImport {
	readonly tables: readonly ImportedTable[];
	readonly files: readonly ImportedFile[];
	close(): void;
}

/** Convex's limit; rows of the other formats are streamed. */
const MAX_ARRAY_BYTES = 16 << 20;
const MAX_LINE_BYTES = 64 << 20;
const DOCUMENTS = /^(.*\/)?([^/]+)\/documents\.jsonl$/;
const SCHEMA = /^(.*\/)?([^/]+)\/generated_schema\.jsonl$/;
const STORED = /^(.*\/)?_storage\/([^/.]+)(?:\.[^/]+)?$/;
const COMPONENT = /^(.*\/)?_components\/([^/]+)\/$/;
const IDENTIFIER = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Opens an uploaded file. Throws an ImportRefusal. */
export async function parseImport(
	path: string,
	format: ImportFormat,
	table: string | null,
	component: string
): Promise<ParsedImport> {
	if (format === 'zip') return parseArchive(path, component);
	const rows = {
		csv: () => csvRows(unmarked(createReadStream(path))),
		jsonLines: () => lineRows(unmarked(createReadStream(path)), false),
		jsonArray: () => arrayRows(path)
	}[format];
	return { tables: [{ component, name: table ?? '', rows }], files: [], close: () => undefined };
}

async function parseArchive(path: string, base: string): Promise<ParsedImport> {
	const zip = await openPromise(path, { lazyEntries: true, autoClose: false }).catch(damaged);
	try {
		return await readArchive(zip, base);
	} catch (error) {
		zip.close();
		return damaged(error);
	}
}

/** What is thrown while a zip file is read is a fault of the file. */
function damaged(error: unknown): never {
	if (error instanceof ImportRefusal) throw error;
	throw new ImportRefusal(`invalid zip file: ${error instanceof Error ? error.message : String(error)}`);
}

async function readArchive(zip: ZipFile, base: string): Promise<ParsedImport> {
	const documents: { readonly component: string; readonly name: string; readonly entry: Entry }[] = [];
	const exact = new Set<string>();
	const files: ImportedFile[] = [];
	for await (const entry of zip.eachEntry()) {
		const schema = SCHEMA.exec(entry.fileName);
		const found = DOCUMENTS.exec(entry.fileName);
		const stored = STORED.exec(entry.fileName);
		if (found) {
			const [, prefix = '', name = ''] = found;
			if (name.startsWith('_') && name !== '_tables' && name !== '_storage') continue;
			if (!name.startsWith('_')) requireIdentifier('table', name);
			documents.push({ component: componentOf(prefix, base), name, entry });
		} else if (schema) {
			const [, prefix = '', name = ''] = schema;
			if ((await text(await open(zip, entry))).split('\n', 1)[0] !== '"uniform"') {
				throw new ImportRefusal(`${entry.fileName} is of an export that is too old. Export the data anew.`);
			}
			exact.add(`${componentOf(prefix, base)}\0${name}`);
		} else if (stored) {
			const [, prefix = '', id = ''] = stored;
			files.push({ component: componentOf(prefix, base), id, open: () => open(zip, entry) });
		}
	}
	const tables = documents.map(({ component, name, entry }) => ({
		component,
		name,
		rows: async function* () {
			yield* lineRows(await open(zip, entry), exact.has(`${component}\0${name}`));
		}
	}));
	return { tables, files, close: () => zip.close() };
}

async function open(zip: ZipFile, entry: Entry): Promise<Readable> {
	return zip.openReadStreamPromise(entry).catch(damaged);
}

function requireIdentifier(kind: 'table' | 'component', name: string): void {
	if (IDENTIFIER.test(name)) return;
	throw new ImportRefusal(
		`${kind} name '${name}' invalid: Identifiers must start with a letter and can only contain letters, digits, and underscores.`
	);
}

/** Throws an ImportRefusal for a file that begins with a byte order mark. */
async function* unmarked(source: AsyncIterable<unknown>): AsyncGenerator<unknown> {
	let first = true;
	for await (const chunk of source) {
		if (first && Buffer.isBuffer(chunk)) refuseMark(chunk);
		first = false;
		yield chunk;
	}
}

function refuseMark(bytes: Buffer): void {
	if (bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK))
		throw new ImportRefusal('UTF-8 BOM is not supported. Please save your file without BOM.');
}

function componentOf(prefix: string, base: string): string {
	const names: string[] = [];
	let rest = prefix;
	for (let match = COMPONENT.exec(rest); match; match = COMPONENT.exec(rest)) {
		const [, , name = ''] = match;
		requireIdentifier('component', name);
		names.unshift(name);
		rest = match[1] ?? '';
	}
	return [...(base === '' ? [] : [base]), ...names].join('/');
}

async function* lineRows(source: AsyncIterable<unknown>, exact: boolean): AsyncGenerator<string> {
	let row = 0;
	for await (const line of lines(source)) {
		row++;
		try {
			yield objectRow(row, importLine(line, exact));
		} catch (error) {
			if (error instanceof SyntaxError) throw new ImportRefusal(`Row ${row} wasn't valid JSON: ${error.message}`);
			throw error;
		}
	}
}

async function* lines(source: AsyncIterable<unknown>): AsyncGenerator<string> {
	const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
	let pending: Buffer[] = [];
	let size = 0;
	const line = (): string => {
		try {
			return decoder.decode(Buffer.concat(pending));
		} catch {
			throw new ImportRefusal("Import wasn't valid UTF8");
		}
	};
	for await (const chunk of source) {
		if (!Buffer.isBuffer(chunk)) throw new TypeError('A file is read as bytes.');
		let from = 0;
		for (let to = chunk.indexOf(10); to >= 0; to = chunk.indexOf(10, from)) {
			pending.push(chunk.subarray(from, to));
			yield line();
			pending = [];
			size = 0;
			from = to + 1;
		}
		if (from < chunk.length) pending.push(chunk.subarray(from));
		size += chunk.length - from;
		if (size > MAX_LINE_BYTES) throw new ImportRefusal('A line of the import is larger than any document.');
	}
	if (pending.length > 0) yield line();
}

async function* arrayRows(path: string): AsyncGenerator<string> {
	const { size } = await stat(path);
	if (size > MAX_ARRAY_BYTES) {
		throw new ImportRefusal(
			`Import is too large for JSON (${size} bytes > maximum 16 MiB). Consider converting data to JSONLines`
		);
	}
	const bytes = await readFile(path);
	refuseMark(bytes);
	let json: string;
	try {
		json = importLine(bytes.toString('utf8'), false);
	} catch (error) {
		throw new ImportRefusal(`Not valid JSON: ${error instanceof Error ? error.message : String(error)}`);
	}
	const array: unknown = JSON.parse(json);
	if (!Array.isArray(array)) throw new ImportRefusal('Not a JSON array');
	let row = 0;
	for (const value of array) yield objectRow(++row, JSON.stringify(value));
}

function objectRow(row: number, json: string): string {
	if (!json.startsWith('{')) throw new ImportRefusal(`Row ${row} wasn't an object`);
	return json;
}
