import { isHttpError, redirect } from '@sveltejs/kit';
import { resolve } from '$app/paths';
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

export const load: LayoutServerLoad = async ({ request, route, url, locals, untrack }) => {
	const shared = {
		convexUrl: browserConvexUrl(),
		renderedAt: Date.now(),
		locale: localeOf(request.headers.get('accept-language'))
	};
	// Who is still at the door is nobody yet.
	if (route.id?.startsWith('/(entry)')) return { ...shared, viewer: null };
	try {
		const viewer = await fromConvex(async (client) => await client.query(api.viewer.current, {}));
		if (viewer) return { ...shared, viewer };
	} catch (cause) {
		// An error here would skip +error.svelte; the page's own load meets the same wall and shows it inside the layout.
		if (isHttpError(cause)) return { ...shared, viewer: null };
		throw cause;
	}
	// A token outlives its session for some minutes: forgotten here, or signing in would lead back at once.
	await locals.convexToken(true).catch(() => null);
	redirect(
		303,
		untrack(() => signInPath(url))
	);
};

/** The page of signing in, which leads back to where somebody wanted to go. */
function signInPath({ pathname, search }: URL): string {
	const redirectTo = `${pathname}${search}`;
	return redirectTo === '/' ? resolve('/sign-in') : `${resolve('/sign-in')}?${new URLSearchParams({ redirectTo })}`;
}
