/** Comma separated values with a header, as RFC 4180 has them. A cell that reads as a number is one. */
import { ImportRefusal } from './refusal.ts';

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** What Convex reads as a float that JSON cannot say, and so as null. */
const NOT_FINITE = /^[+-]?(inf|infinity|nan)$/i;

/** Convex JSON text of each row. */
export async function* csvRows(source: AsyncIterable<unknown>): AsyncGenerator<string> {
	let names: readonly string[] | null = null;
	let row = 0;
	for await (const cells of records(source)) {
		if (names === null) {
			names = cells.map((cell) => cell.replace(/^ +| +$/g, ''));
			continue;
		}
		row++;
		if (cells.length !== names.length) {
			throw new ImportRefusal(`CSV row ${row} doesn't have all of the fields in the header`);
		}
		yield JSON.stringify(Object.fromEntries(names.map((name, at) => [name, cellValue(cells[at] ?? '')])));
	}
	if (names === null) throw new ImportRefusal("CSV file doesn't have headers");
}

function cellValue(cell: string): unknown {
	if (NOT_FINITE.test(cell)) return null;
	if (!NUMBER.test(cell)) return cell;
	const value = Number(cell);
	return Object.is(value, -0) ? { $float: 'AAAAAAAAAIA=' } : value;
}

async function* records(source: AsyncIterable<unknown>): AsyncGenerator<string[]> {
	const decoder = new TextDecoder('utf-8', { fatal: true });
	let cells: string[] = [];
	let cell = '';
	let quoted = false;
	let afterQuote = false;
	const decode = (chunk?: unknown): string => {
		try {
			return Buffer.isBuffer(chunk) ? decoder.decode(chunk, { stream: true }) : decoder.decode();
		} catch {
			throw new ImportRefusal("Import wasn't valid UTF8");
		}
	};
	function* read(part: string): Generator<string[]> {
		for (const character of part) {
			if (quoted) {
				if (character === '"') {
					quoted = false;
					afterQuote = true;
				} else cell += character;
				continue;
			}
			if (character === '"' && (afterQuote || cell === '')) {
				if (afterQuote) cell += '"';
				quoted = true;
				afterQuote = false;
				continue;
			}
			afterQuote = false;
			if (character === ',') {
				cells.push(cell);
				cell = '';
			} else if (character === '\n') {
				if (cells.length > 0 || cell !== '') yield [...cells, cell];
				cells = [];
				cell = '';
			} else if (character !== '\r') cell += character;
		}
	}
	for await (const chunk of source) yield* read(decode(chunk));
	yield* read(decode());
	if (cells.length > 0 || cell !== '') yield [...cells, cell];
}
