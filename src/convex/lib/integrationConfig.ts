/** How each integration is synced: the facts about a service from which plans, texts and forecasts are made. */
import type { IntegrationId } from '../../lib/config/integrations.ts';
import type { ErrorKind } from './errors.ts';
import type { Quota } from './quota.ts';

export interface SyncConfig {
	/** snapshot: only the value now; events: days of the past; hybrid: some metrics of each. */
	readonly dataStrategy: 'snapshot' | 'events' | 'hybrid';
	/** Whether a new connection reads the past. */
	readonly shouldBackfill: boolean;
	/** How many days back a new connection reads. */
	readonly historicalDays: number;
	/** How many past days every sync reads again, because the service may still change them. */
	readonly lookbackDays: number;
	/** Hours after the end of a day until its numbers no longer change. */
	readonly finalAfterHours: number;
	/** Days per slice, by metric group. A group not named here is one slice of "now" (snapshot). */
	readonly sliceDays: Readonly<Record<string, number>>;
	readonly syncEveryMinutes: number;
	/** In which zone the service counts its days. */
	readonly dayTimezone: 'UTC' | 'account';
	readonly quota: Quota | null;
	/** Empty: only the base URL that the person gives. */
	readonly allowedHosts: readonly string[];
	/** The service's own documentation of what is called. */
	readonly docsUrl: string;
	/** Better sentences than the general ones, by kind of failure. */
	readonly messages: Readonly<Partial<Record<ErrorKind, string>>>;
	readonly status: 'ready' | 'beta';
}

export const INTEGRATIONS: Record<IntegrationId, SyncConfig> = {
	github: {
		dataStrategy: 'hybrid',
		shouldBackfill: true,
		historicalDays: 730,
		lookbackDays: 2,
		finalAfterHours: 1,
		sliceDays: { stars: 730, issues: 730, pulls: 730, releases: 730, traffic: 14 },
		syncEveryMinutes: 60,
		dayTimezone: 'UTC',
		quota: { unit: 'requests', limit: 5_000, windowSeconds: 3_600 },
		allowedHosts: ['api.github.com'],
		docsUrl: 'https://docs.github.com/rest',
		messages: {
			auth: 'GitHub refused the token. It may have expired or been revoked: make a new one and paste it here.',
			permission: 'The token may not read this. Give it read access to the repository, or use a token that has it.'
		},
		status: 'ready'
	},
	'google-analytics': {
		dataStrategy: 'events',
		shouldBackfill: true,
		historicalDays: 730,
		lookbackDays: 4,
		// Google goes on counting for a day or two, and takes events that arrive up to three days late.
		finalAfterHours: 72,
		sliceDays: { totals: 368, channels: 184, countries: 93 },
		syncEveryMinutes: 120,
		dayTimezone: 'account',
		// Google counts tokens, 14,000 an hour for a project at one property; a report costs about ten.
		quota: { unit: 'requests', limit: 1_000, windowSeconds: 3_600 },
		allowedHosts: ['analyticsdata.googleapis.com', 'analyticsadmin.googleapis.com'],
		docsUrl: 'https://developers.google.com/analytics/devguides/reporting/data/v1',
		messages: {
			auth: 'Google no longer accepts this connection. Reconnect to go on; what was fetched is kept.',
			permission:
				'The Google account may not read this property. Sign in with one that may, or have it added to the property as a viewer.',
			not_found: 'Google does not know this property any more. Check that it was not deleted.'
		},
		status: 'beta'
	},
	prometheus: {
		dataStrategy: 'hybrid',
		shouldBackfill: true,
		historicalDays: 90,
		lookbackDays: 1,
		finalAfterHours: 0,
		sliceDays: { server: 90, custom: 90 },
		syncEveryMinutes: 15,
		dayTimezone: 'UTC',
		quota: null,
		allowedHosts: [],
		docsUrl: 'https://prometheus.io/docs/prometheus/latest/querying/api/',
		messages: {
			auth: 'The server in front of Prometheus refused the credentials. Check the user name and password, or the token.',
			not_found:
				'There is no Prometheus API at this address. Give the address of its web page, without /graph or /api at the end.'
		},
		status: 'ready'
	},
	sample: {
		dataStrategy: 'hybrid',
		shouldBackfill: true,
		historicalDays: 400,
		lookbackDays: 3,
		finalAfterHours: 72,
		sliceDays: { business: 100, product: 100 },
		syncEveryMinutes: 60,
		dayTimezone: 'account',
		quota: null,
		allowedHosts: [],
		docsUrl: 'https://en.wikipedia.org/wiki/Synthetic_data',
		messages: {},
		status: 'ready'
	},
	stripe: {
		dataStrategy: 'hybrid',
		shouldBackfill: true,
		historicalDays: 730,
		lookbackDays: 8,
		finalAfterHours: 24,
		sliceDays: { payments: 365, refunds: 730, balance_transactions: 365, customers: 730, disputes: 730, churn: 730 },
		syncEveryMinutes: 60,
		dayTimezone: 'account',
		quota: { unit: 'requests', limit: 20, windowSeconds: 1 },
		allowedHosts: ['api.stripe.com'],
		docsUrl: 'https://docs.stripe.com/api',
		messages: {
			auth: 'Stripe refused the key. It may have been rolled or deleted: make a new restricted key and paste it here.',
			permission: 'The key may not read this. Edit the restricted key in Stripe and give it read permission.'
		},
		status: 'ready'
	}
};
