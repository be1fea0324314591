/** An event of the audit log in words. */
import type { FunctionReturnType } from 'convex/server';
import { AUDIT_ACTIONS } from '../../config/audit.ts';
import type { api } from '../../../convex/_generated/api.js';

export type AuditEvent = FunctionReturnType<typeof api.audit.list>['page'][number];

/** What was done: "renamed a connection". */
export function deedOf({ action }: AuditEvent): string {
	return AUDIT_ACTIONS[action].title;
}

/** To what, and how: "Stripe · to: Shop". */
export function objectOf({ target, detail }: AuditEvent): string {
	const details = Object.entries(detail).map(([key, value]) => `${key}: ${value || 'none'}`);
	return [...(target ? [target.name] : []), ...details].join(' · ');
}

/** The kind of browser and system in a user agent, or its first words. */
export function browserOf(userAgent: string | null): string {
	if (!userAgent) return '';
	const browser = /(?:Edg|OPR|Firefox|Chrome|Safari)(?=\/)/g;
	const found = userAgent.match(browser) ?? [];
	const named: Readonly<Record<string, string>> = { Edg: 'Edge', OPR: 'Opera' };
	const best = ['Edg', 'OPR', 'Firefox', 'Chrome', 'Safari'].find((name) => found.some((one) => one === name));
	const system = /(Windows|Mac OS X|Android|iPhone|iPad|Linux)/.exec(userAgent)?.[1];
	if (!best) return userAgent.slice(0, 40);
	return [named[best] ?? best, system === 'Mac OS X' ? 'macOS' : system].filter(Boolean).join(', ');
}
