/** The official layout of an export, written from a copy of the data file. One page of rows is in memory at a time. */
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { exportLine } from './json.ts';

const PAGE = 256;
const README = `# A snapshot of a Convex deployment

The documents of each table are lines of JSON in <table_name>/documents.jsonl. \`npx convex import\` reads this file.
`;
const EXTENSIONS: Readonly<Record<string, string>> = {
	'application/json': '.json',
	'application/pdf': '.pdf',
	'application/zip': '.zip',
	'audio/mpeg': '.mp3',
	'image/gif': '.gif',
	'image/jpeg': '.jpeg',
	'image/png': '.png',
	'image/svg+xml': '.svg',
	'image/webp': '.webp',
	'text/csv': '.csv',
	'text/html': '.html',
	'text/plain': '.txt',
	'video/mp4': '.mp4'
};

interface Table {
	readonly tablet: number;
	readonly number: number;
	readonly component: string;
	readonly name: string;
}

export interface ArchiveOptions {
	/** The copy of the data file. */
	readonly data: string;
	/** The folder of stored files; null leaves them out. */
	readonly files: string | null;
	readonly destination: string;
}

/** Writes the archive, and returns the timestamp (ns) of the snapshot. Rejects when the disk is full; what is left is the caller's to remove. */
export async function writeArchive({ data, files, destination }: ArchiveOptions): Promise<bigint> {
	const database = new DatabaseSync(data, { readOnly: true });
	try {
		const zip = new ZipFile();
		const failed = new Promise<never>((_resolve, reject) => zip.on('error', reject));
		const add = (name: string, open: () => Readable): void =>
			zip.addReadStreamLazy(name, { mode: 0o100644 }, (ready) => ready(null, open()));
		zip.addBuffer(Buffer.from(README), 'README.md');
		const tables = tablesOf(database);
		const components = [...new Set(['', ...tables.map(({ component }) => component)])].sort();
		for (const component of components) {
			const own = tables.filter((table) => table.component === component && !table.name.startsWith('_'));
			const lines = own.map(({ name, number }) => `${JSON.stringify({ name, id: number })}\n`);
			add(`${prefixOf(component)}_tables/documents.jsonl`, () => Readable.from(lines));
		}
		for (const table of tables) {
			if (table.name.startsWith('_')) continue;
			const folder = `${prefixOf(table.component)}${table.name}`;
			add(`${folder}/documents.jsonl`, () => Readable.from(documentLines(database, table)));
			add(`${folder}/generated_schema.jsonl`, () => Readable.from(['"uniform"\n']));
		}
		if (files !== null) for (const component of components) addFiles(database, component, files, add);
		zip.end();
		const output = createWriteStream(destination, { mode: 0o600, flush: true });
		await Promise.race([pipeline(zip.outputStream, output), failed]);
		const statement = database.prepare("SELECT value FROM meta WHERE name = 'last_ts'");
		statement.setReadBigInts(true);
		return BigInt(String(statement.get()?.value ?? 0));
	} finally {
		database.close();
	}
}

function prefixOf(component: string): string {
	return component === '' ? '' : component.replaceAll(/[^/]+\/?/g, (name) => `_components/${name.replace('/', '')}/`);
}

function tablesOf(database: DatabaseSync): Table[] {
	const rows = database
		.prepare("SELECT num, number, component, name FROM tables WHERE state = 'active' ORDER BY component, number")
		.all();
	return rows.map(({ num, number, component, name }) => ({
		tablet: Number(num),
		number: Number(number),
		component: String(component),
		name: String(name)
	}));
}

function* documentLines(database: DatabaseSync, { tablet }: Table): Generator<string> {
	const page = database.prepare(`SELECT id, json FROM docs WHERE tbl = ? AND id > ? ORDER BY id LIMIT ${PAGE}`);
	let after: Uint8Array = new Uint8Array(0);
	for (;;) {
		const rows = page.all(tablet, after);
		if (rows.length === 0) return;
		yield rows.map(({ json }) => `${exportLine(String(json))}\n`).join('');
		const last = rows.at(-1)?.id;
		if (last instanceof Uint8Array) after = last;
	}
}

function addFiles(
	database: DatabaseSync,
	component: string,
	folder: string,
	add: (name: string, open: () => Readable) => void
): void {
	const prefix = `${prefixOf(component)}_storage`;
	const documents = database.prepare(
		`SELECT docs.json FROM docs JOIN tables ON docs.tbl = tables.num
		WHERE tables.component = ? AND tables.name = '_storage' AND tables.state = 'active' ORDER BY docs.id`
	);
	const file = database.prepare('SELECT uuid, path, content_type FROM files WHERE component = ? AND id = ?');
	const rows = documents.all(component).flatMap(({ json }) => {
		const document: Record<string, unknown> = JSON.parse(String(json));
		const row = file.get(component, String(document._id));
		return row === undefined ? [] : [{ document, row }];
	});
	add(`${prefix}/documents.jsonl`, () =>
		Readable.from(rows.map(({ document, row }) => `${JSON.stringify({ ...document, internalId: row.uuid })}\n`))
	);
	for (const { document, row } of rows) {
		const extension = EXTENSIONS[String(row.content_type).split(';')[0] ?? ''] ?? '';
		add(`${prefix}/${String(document._id)}${extension}`, () => createReadStream(join(folder, String(row.path))));
	}
}
