import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Path of a Prometheus server: PROMETHEUS_PATH, else the first on PATH; null when there is none. */
export function findPrometheus(): string | null {
	const named = process.env['PROMETHEUS_PATH'];
	if (named) return existsSync(named) ? named : null;
	const folders = (process.env['PATH'] ?? '').split(delimiter);
	return folders.map((folder) => join(folder, 'prometheus')).find((path) => existsSync(path)) ?? null;
}
