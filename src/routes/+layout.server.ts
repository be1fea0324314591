import { isHttpError } from '@sveltejs/kit';
import { api } from '../convex/_generated/api.js';
import { browserConvexUrl, fromConvex } from '$lib/server/convex.ts';
import type { LayoutServerLoad } from './$types';

/** The reader's first language as a BCP 47 tag that `Intl` accepts; `en` when none is usable. */
function localeOf(header: string | null): string {
	const tag = header?.split(',')[0]?.split(';')[0]?.trim() ?? '';
	try {
		return Intl.getCanonicalLocales(tag)[0] ?? 'en';
	} catch {
		return 'en';
	}
}

export const load: LayoutServerLoad = async ({ request, route }) => {
	const shared = {
		convexUrl: browserConvexUrl(),
		renderedAt: Date.now(),
		locale: localeOf(request.headers.get('accept-language'))
	};
	// Who is still at the door has no workspace.
	if (route.id?.startsWith('/(entry)')) return { ...shared, viewer: null, workspace: null };
	try {
		return await fromConvex(async (client) => {
			const viewer = await client.query(api.viewer.current, {});
			if (viewer) return { ...shared, viewer, workspace: viewer.workspace };
			const workspace =
				(await client.query(api.workspaces.current, {})) ?? (await client.mutation(api.workspaces.open, {}));
			return { ...shared, viewer, workspace };
		});
	} catch (cause) {
		// An error here would skip +error.svelte; the page's own load meets the same wall and shows it inside the layout.
		if (isHttpError(cause)) return { ...shared, viewer: null, workspace: null };
		throw cause;
	}
};
