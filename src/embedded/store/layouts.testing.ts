import { readFileSync } from 'node:fs';

/** The tables of a file of an earlier layout, or of the newest, as they were when it came into use. */
export function frozenLayout(version: number): string {
	return readFileSync(new URL(`layouts/layout${version}.sql`, import.meta.url), 'utf8');
}
