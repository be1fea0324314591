/**
 * Whether the scripts of the page are at work. What the server rendered cannot hear a click before; what needs one says
 * so until then, instead of losing it.
 */
import { onMount } from 'svelte';

let live = $state(false);

export const hydration = {
	/** False on the server, and in the browser until the whole page has come to life. */
	get live(): boolean {
		return live;
	},
	/** For the outermost component: its children are alive when it is. */
	announce(): void {
		onMount(() => {
			live = true;
		});
	}
};
