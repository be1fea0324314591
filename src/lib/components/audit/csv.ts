/** CSV that no spreadsheet takes for formulas: RFC 4180, with an apostrophe before what would be one. */

const FORMULA = /^[=+\-@\t\r]/;

/** One line, with its end. Numbers stay numbers. */
export function csvLine(cells: readonly (string | number)[]): string {
	return `${cells.map(cell).join(',')}\r\n`;
}

function cell(value: string | number): string {
	if (typeof value === 'number') return String(value);
	const safe = FORMULA.test(value) ? `'${value}` : value;
	return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
