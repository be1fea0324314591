/** Files that follow from others: written, or in check mode compared and named when stale. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as prettier from 'prettier';

const root = new URL('../../', import.meta.url);

/** Puts the formatted text into the file (path from the project's root). In check mode writes nothing; false means stale. */
export async function putGenerated(path: string, source: string, command: string, check: boolean): Promise<boolean> {
	const file = fileURLToPath(new URL(path, root));
	const text = await prettier.format(source, { ...(await prettier.resolveConfig(file)), filepath: file });
	if (existsSync(file) && readFileSync(file, 'utf8') === text) return true;
	if (check) console.error(`${path} is stale: run "${command}" and commit it.`);
	else writeFileSync(file, text);
	return !check;
}
