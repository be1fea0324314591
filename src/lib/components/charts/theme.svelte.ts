/** Whether the page is dark now: what is painted on a canvas has to be painted again when it changes. */
import { createSubscriber } from 'svelte/reactivity';

const subscribe = createSubscriber((update) => {
	const observer = new MutationObserver(update);
	observer.observe(document.documentElement, { attributeFilter: ['class'] });
	return () => observer.disconnect();
});

export const theme = {
	/** Reading it subscribes to its changes; false on the server. */
	get dark(): boolean {
		subscribe();
		return typeof document !== 'undefined' && document.documentElement.classList.contains('dark');
	}
};
