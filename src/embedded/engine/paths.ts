/** The name of a function: the component it lives in, its module's path (`folder/file.js`) and its export. */
export interface FunctionPath {
	/** Names of mounted components from the app down, joined by `/`; '' is the app itself. */
	readonly component: string;
	readonly module: string;
	readonly name: string;
}

/** Reads `messages:list`, `folder/file.js:fn` or `folder/file` (its default export), as a function of the component. */
export function parseFunctionPath(text: string, component: string): FunctionPath {
	const colon = text.lastIndexOf(':');
	const file = colon < 0 ? text : text.slice(0, colon);
	const module = file.endsWith('.js') ? file : `${file}.js`;
	return { component, module, name: colon < 0 ? 'default' : text.slice(colon + 1) };
}

/** As Convex shows a function to people and in logs: `folder/file:fn`. */
export function displayPath(path: FunctionPath): string {
	return `${path.module.slice(0, -3)}:${path.name}`;
}

/** As documents of `_scheduled_functions` name a function: `folder/file.js:fn`. */
export function canonicalPath(path: FunctionPath): string {
	return `${path.module}:${path.name}`;
}

/** What a sentence adds after a quoted path: ` in 'counter/inner'`, or nothing for the app. */
export function inComponent(component: string): string {
	return component === '' ? '' : ` in '${component}'`;
}
