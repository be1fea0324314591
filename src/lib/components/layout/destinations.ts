import Gauge from '@lucide/svelte/icons/gauge';
import Plug from '@lucide/svelte/icons/plug';
import Ruler from '@lucide/svelte/icons/ruler';
import Settings from '@lucide/svelte/icons/settings';

/** The places of the product, in the order of the rail. `key` follows `g` on the keyboard. */
export const DESTINATIONS = [
	{ path: '/dashboards', label: 'Dashboards', icon: Gauge, key: 'd' },
	{ path: '/integrations', label: 'Integrations', icon: Plug, key: 'i' },
	{ path: '/metrics', label: 'Metrics', icon: Ruler, key: 'm' },
	{ path: '/settings', label: 'Settings', icon: Settings, key: 's' }
] as const;
