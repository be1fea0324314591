/** Which component's router answers an HTTP request, and the path that it is looked up by there. */
import type { AnalyzedModule } from '../analysis.ts';
import type { HttpActionResponse } from '../types.ts';
import type { DeployedComponents } from './deployed.ts';

export interface HttpTarget {
	readonly component: string;
	/** The request's path without the prefixes under which the component is mounted. */
	readonly path: string;
}

/** Answers what no router claims. */
export const NO_ROUTES: HttpActionResponse = {
	status: 404,
	headers: [['content-type', 'text/plain; charset=utf-8']],
	body: [Buffer.from('This Convex deployment does not have HTTP actions enabled.')]
};

type Routes = NonNullable<AnalyzedModule['httpRoutes']>;

const CHILD = '_reference/childComponent/';

/**
 * Goes down the tree from the app: an exact route of `http.js` comes first, then the longest prefix, be it a route or a
 * mounted component. What nobody claims goes to the router of the last component on the way, which knows how to refuse.
 * Null when that has none.
 */
export function routeHttp(components: DeployedComponents, method: string, path: string): HttpTarget | null {
	let component = '';
	let rest = path;
	// A router answers HEAD where it has a GET.
	const asked = method === 'HEAD' ? 'GET' : method;
	for (;;) {
		const deployed = components.get(component);
		if (deployed === null) return null;
		const { httpPrefix, httpMounts } = deployed.analysis.definition;
		const all: Routes | null = deployed.analysis.modules['http.js']?.httpRoutes ?? null;
		const own = component === '' && httpPrefix ? below(rest, httpPrefix) : rest;
		const target = all === null || own === null ? null : { component, path: own };
		const routes =
			target === null ? [] : (all ?? []).flatMap(({ route }) => (route.method === asked ? [route.path] : []));
		if (target !== null && routes.includes(target.path)) return target;
		const claimed = routes.flatMap((route) =>
			route.endsWith('*') ? (below(own ?? '', route.slice(0, -1) || '/') ?? []) : []
		);
		// The shortest rest has the longest prefix.
		let best: { child: string | null; rest: string | null } = { child: null, rest: shortest(claimed) };
		for (const [mount, reference] of Object.entries(httpMounts)) {
			const left = below(rest, mount);
			if (left === null || (best.rest !== null && left.length > best.rest.length)) continue;
			best = { child: reference.slice(CHILD.length), rest: left };
		}
		if (best.child === null || best.rest === null) return target;
		component = component === '' ? best.child : `${component}/${best.child}`;
		rest = best.rest;
	}
}

function shortest(paths: readonly string[]): string | null {
	return paths.toSorted((a, b) => a.length - b.length)[0] ?? null;
}

/** The path below a prefix that ends with a slash, with a slash in front; null when the path is not below it. */
function below(path: string, prefix: string): string | null {
	return path.startsWith(prefix) ? path.slice(prefix.length - 1) : null;
}
