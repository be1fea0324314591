/** What an uploaded file says, table by table, as streams of Convex JSON. */
import { createReadStream } from 'node:fs';
import { stat, readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { openPromise } from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';
import { csvRows } from './csv.ts';
import { importLine } from './json.ts';

export type ImportFormat = 'csv' | 'jsonLines' | 'jsonArray' | 'zip';

/** A mistake in the file, in words. */
export class ImportRefusal extends Error {
	override readonly name = 'ImportRefusal';
}

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

/** Opens an uploaded file. Throws an ImportRefusal. */
export async function parseImport(
	path: string,
	format: ImportFormat,
	table: string | null,
	component: string
): Promise<ParsedImport> {
	if (format === 'zip') return parseArchive(path, component);
	const rows = {
		csv: () => csvRows(createReadStream(path)),
		jsonLines: () => lineRows(createReadStream(path), false),
		jsonArray: () => arrayRows(path)
	}[format];
	return { tables: [{ component, name: table ?? '', rows }], files: [], close: () => undefined };
}

async function parseArchive(path: string, base: string): Promise<ParsedImport> {
	const zip = await openPromise(path, { lazyEntries: true, autoClose: false }).catch((error: unknown) => {
		throw new ImportRefusal(`invalid zip file: ${error instanceof Error ? error.message : String(error)}`);
	});
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
	return zip.openReadStreamPromise(entry);
}

function componentOf(prefix: string, base: string): string {
	const names: string[] = [];
	let rest = prefix;
	for (let match = COMPONENT.exec(rest); match; match = COMPONENT.exec(rest)) {
		names.unshift(match[2] ?? '');
		rest = match[1] ?? '';
	}
	return [...(base === '' ? [] : [base]), ...names].join('/');
}

async function* lineRows(source: AsyncIterable<unknown>, exact: boolean): AsyncGenerator<string> {
	let row = 0;
	for await (const line of lines(source)) {
		row++;
		try {
			yield importLine(line, exact);
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
	let json: string;
	try {
		json = importLine(await readFile(path, 'utf8'), false);
	} catch (error) {
		throw new ImportRefusal(`Not valid JSON: ${error instanceof Error ? error.message : String(error)}`);
	}
	const array: unknown = JSON.parse(json);
	if (!Array.isArray(array)) throw new ImportRefusal('Not a JSON array');
	for (const value of array) yield JSON.stringify(value);
}
