/** The name of a function: its module's path (`folder/file.js`) and its export. */
export interface FunctionPath {
	readonly module: string;
	readonly name: string;
}

/** Reads `messages:list`, `folder/file.js:fn`, `folder/file` (its default export) or `_reference/function/…`-less names. */
export function parseFunctionPath(text: string): FunctionPath {
	const colon = text.lastIndexOf(':');
	const file = colon < 0 ? text : text.slice(0, colon);
	return { module: file.endsWith('.js') ? file : `${file}.js`, name: colon < 0 ? 'default' : text.slice(colon + 1) };
}

/** As Convex shows a function to people and in logs: `folder/file:fn`. */
export function displayPath(path: FunctionPath): string {
	return `${path.module.slice(0, -3)}:${path.name}`;
}

/** As documents of `_scheduled_functions` name a function: `folder/file.js:fn`. */
export function canonicalPath(path: FunctionPath): string {
	return `${path.module}:${path.name}`;
}
