/** The time of the page: the server's moment for the first paint, then the browser's own, once a few seconds. */
import { getContext, onMount, setContext } from 'svelte';
import { createSubscriber } from 'svelte/reactivity';

const KEY = Symbol('clock');
const TICK_MS = 5_000;

export interface Clock {
	/** Now, in ms since the epoch; reading it subscribes to its ticks. */
	readonly now: number;
	/** The reader's IANA time zone; UTC until the page is alive in the browser. */
	readonly timeZone: string;
}

/** Makes the page's clock; once, in the root layout. `renderedAt` is the server's time of the render, in ms. */
export function provideClock(renderedAt: number): Clock {
	let alive = $state(false);
	const subscribe = createSubscriber((update) => {
		const timer = setInterval(update, TICK_MS);
		return () => clearInterval(timer);
	});
	onMount(() => {
		alive = true;
	});
	return setContext<Clock>(KEY, {
		get now() {
			if (!alive) return renderedAt;
			subscribe();
			return Date.now();
		},
		get timeZone() {
			return alive ? Intl.DateTimeFormat().resolvedOptions().timeZone : 'UTC';
		}
	});
}

/** The clock of the page this component is on. */
export function useClock(): Clock {
	return getContext<Clock>(KEY);
}
