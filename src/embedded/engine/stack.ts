import { TraceMap, originalPositionFor } from '@jridgewell/trace-mapping';
import { MODULE_PREFIX } from './modules.ts';

/** The source map text of a module by its path (`items.js`), or null. */
export type SourceMaps = (module: string) => string | null;

const FRAME = /^\s+at (?:(.*?) \()?([a-z]+:\/{1,3}[^\s()]+|node:[^\s()]+|<anonymous>|[^\s()]+):(\d+):(\d+)\)?$/;

/**
 * The frames of an error that belong to the person's code, at their original places, as Convex prints them:
 * `    at handler (../convex/items.ts:30:4)`. `locate` gives a frame's module path, or null for what is not theirs.
 */
export class StackMapper {
	readonly #maps: SourceMaps;
	readonly #locate: (file: string) => string | null;
	readonly #parsed = new Map<string, TraceMap | null>();

	constructor(maps: SourceMaps, locate: (file: string) => string | null = isolateModule) {
		this.#maps = maps;
		this.#locate = locate;
	}

	frames(stack: string): string {
		const lines: string[] = [];
		for (const line of stack.split('\n')) {
			const match = FRAME.exec(line);
			if (match === null) continue;
			const [, caller = '', file = '', row = '0', column = '0'] = match;
			const module = this.#locate(file);
			if (module === null) continue;
			const place = this.#place(module, Number(row), Number(column));
			if (place === null) continue;
			const name = caller.replace(/^(async )?(Object|Module|Array)\./, '$1');
			lines.push(name === '' ? `    at ${place}\n` : `    at ${name} (${place})\n`);
		}
		return lines.join('');
	}

	#place(module: string, line: number, column: number): string | null {
		const map = this.#map(module);
		if (map === null) return `${module}:${line}:${column}`;
		const { source, line: row, column: col } = originalPositionFor(map, { line, column: column - 1 });
		if (source === null) return null;
		// Convex's own wrapper around a handler says nothing to the person.
		if (source.includes('convex/src/server/impl') || source.includes('convex/src/values')) return null;
		return `${source}:${row}:${col}`;
	}

	#map(module: string): TraceMap | null {
		const known = this.#parsed.get(module);
		if (known !== undefined) return known;
		const text = this.#maps(module);
		const map = text === null ? null : new TraceMap(text);
		this.#parsed.set(module, map);
		return map;
	}
}

function isolateModule(file: string): string | null {
	return file.startsWith(MODULE_PREFIX) && !file.startsWith(`${MODULE_PREFIX}_runtime/`)
		? file.slice(MODULE_PREFIX.length)
		: null;
}
