import Building2 from '@lucide/svelte/icons/building-2';
import CircleUserRound from '@lucide/svelte/icons/circle-user-round';
import KeyRound from '@lucide/svelte/icons/key-round';
import KeySquare from '@lucide/svelte/icons/key-square';
import ScrollText from '@lucide/svelte/icons/scroll-text';
import ShieldCheck from '@lucide/svelte/icons/shield-check';
import Users from '@lucide/svelte/icons/users';
import type { Right } from '../../config/permissions.ts';

/** The pages of Settings, in the order of the list. `right`: what shows them; null is for everybody. */
export const SECTIONS = [
	{ path: '/settings/account', label: 'Account', icon: CircleUserRound, right: null },
	{ path: '/settings/security', label: 'Security', icon: ShieldCheck, right: null },
	{ path: '/settings/workspace', label: 'Workspace', icon: Building2, right: null },
	{ path: '/settings/members', label: 'Members', icon: Users, right: 'members:read' },
	{ path: '/settings/tokens', label: 'API tokens', icon: KeySquare, right: 'tokens:manage' },
	{ path: '/settings/oauth-apps', label: 'OAuth apps', icon: KeyRound, right: 'oauthApps:manage' },
	{ path: '/settings/audit', label: 'Audit log', icon: ScrollText, right: 'audit:read' }
] as const satisfies readonly { path: string; label: string; icon: unknown; right: Right | null }[];
