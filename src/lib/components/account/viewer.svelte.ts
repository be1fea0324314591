/** Who is looking, live: rendered by the server, then kept true by a query. Made once, in the root layout. */
import { goto, invalidateAll } from '$app/navigation';
import { resolve } from '$app/paths';
import { page } from '$app/state';
import { useQuery } from 'convex-svelte';
import type { FunctionReturnType } from 'convex/server';
import { getContext, setContext } from 'svelte';
import { fetchAccessToken } from '../../auth/token.ts';
import type { Right } from '../../config/permissions.ts';
import { api } from '../../../convex/_generated/api.js';

export type Viewer = NonNullable<FunctionReturnType<typeof api.viewer.current>>;

interface ViewerContext {
	/** The last that was heard; null where nobody is signed in. */
	readonly current: Viewer | null;
	/** Whether the person has the right in the workspace that they look at. */
	may(right: Right): boolean;
}

const KEY = Symbol('viewer');
const NOBODY: ViewerContext = { current: null, may: () => false };
/** A new password or factor replaces the session: its cookie comes a moment after the old session is gone. */
const GRACE_MS = 1_000;

/**
 * `rendered` is the viewer that the server rendered the page for. When their session ends, in whatever browser it was
 * ended, the server is asked again who is looking. When they switch the workspace, every tab shows the same page of the
 * other one, or the start where the page was about something in the first.
 */
export function provideViewer(rendered: () => Viewer | null): ViewerContext {
	const live = useQuery(api.viewer.current, {}, () => ({ initialData: rendered() ?? undefined }));
	const current = $derived(live.data ?? rendered());
	const lost = $derived(live.data === null && rendered() !== null);
	const moved = $derived(
		current !== null && rendered() !== null && current.workspace?.id !== rendered()?.workspace?.id
	);

	$effect(() => {
		if (!lost) return;
		const timer = setTimeout(() => void whenLost(), GRACE_MS);
		return () => clearTimeout(timer);
	});
	$effect(() => {
		if (!moved) return;
		const isOfOneWorkspace = page.route.id?.includes('[') ?? false;
		void (isOfOneWorkspace ? goto(resolve('/'), { invalidateAll: true }) : invalidateAll());
	});

	return setContext<ViewerContext>(KEY, {
		get current() {
			return current;
		},
		may: (right) => current?.rights.includes(right) ?? false
	});
}

/** The browser has another session by now, or none: then nothing of the last one stays on the screen. */
async function whenLost(): Promise<void> {
	const token = await fetchAccessToken({ forceRefreshToken: true });
	if (token !== null) return invalidateAll();
	location.assign(`${resolve('/sign-in')}?${new URLSearchParams({ redirectTo: page.url.pathname })}`);
}

/** The viewer of the page this component is on. Nobody, where no deployment is configured. */
export function useViewer(): ViewerContext {
	return getContext<ViewerContext | undefined>(KEY) ?? NOBODY;
}
