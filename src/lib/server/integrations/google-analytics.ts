import { z } from 'zod';
import {
	fetchGoogleAnalyticsMetrics,
	testGoogleAnalyticsConnection
} from '../../../convex/integrations/google-analytics.ts';
import type { FetchRequest, TestContext } from '../../../convex/lib/contract.ts';
import type { MetricDefinition } from '../../metrics/types.ts';
import { BaseIntegration } from './base.ts';
import { choiceField } from './fields.ts';
import { integrationRegistry } from './registry.ts';

const credentials = z.object({});

const settings = z.object({
	property: choiceField({
		label: 'Property',
		help: 'Its time zone and currency count. Connect another property as a connection of its own.',
		identifies: true
	})
});

type Varying = Pick<MetricDefinition, 'id' | 'name' | 'description' | 'aggregation' | 'group'> &
	Partial<Pick<MetricDefinition, 'unit' | 'dimension' | 'rank'>>;

const metric = (varying: Varying): MetricDefinition => ({
	unit: 'count',
	direction: 'up',
	source: 'events',
	historyDays: null,
	scopes: ['https://www.googleapis.com/auth/analytics.readonly'],
	...varying
});

const channel = { key: 'channel', label: 'Channel' };
const country = { key: 'country', label: 'Country' };
const currency = { key: 'currency', label: 'Currency' };

const metrics: readonly MetricDefinition[] = [
	metric({
		id: 'google-analytics.users',
		name: 'Users',
		description:
			'Active users of the day. The same person on two days counts on both, so a range shows the daily average, never ' +
			'a sum.',
		aggregation: 'average',
		group: 'totals',
		rank: 1
	}),
	metric({
		id: 'google-analytics.sessions',
		name: 'Sessions',
		description: 'Sessions that began on the day.',
		aggregation: 'sum',
		group: 'totals',
		rank: 2
	}),
	metric({
		id: 'google-analytics.views',
		name: 'Views',
		description: 'Pages and app screens seen, the same one twice counts twice.',
		aggregation: 'sum',
		group: 'totals',
		rank: 3
	}),
	metric({
		id: 'google-analytics.conversions',
		name: 'Conversions',
		description: 'Key events: what the property calls a conversion. Google may attribute them in fractions.',
		unit: 'number',
		aggregation: 'sum',
		group: 'totals',
		rank: 4
	}),
	metric({
		id: 'google-analytics.revenue',
		name: 'Revenue',
		description: 'Purchases, subscriptions and ads, less refunds, in the currency of the property.',
		unit: 'money',
		dimension: currency,
		aggregation: 'sum',
		group: 'totals',
		rank: 5
	}),
	metric({
		id: 'google-analytics.new_users',
		name: 'New users',
		description: 'People who were there for the first time, as far as Google can tell.',
		aggregation: 'sum',
		group: 'totals',
		rank: 6
	}),
	metric({
		id: 'google-analytics.engaged_sessions',
		name: 'Engaged sessions',
		description: 'Sessions of more than ten seconds, or with a key event, or with two views or more.',
		aggregation: 'sum',
		group: 'totals',
		rank: 7
	}),
	metric({
		id: 'google-analytics.events',
		name: 'Events',
		description: 'Everything that was recorded: views, clicks, purchases and the rest.',
		aggregation: 'sum',
		group: 'totals'
	}),
	metric({
		id: 'google-analytics.sessions_by_channel',
		name: 'Sessions by channel',
		description: 'Sessions by the default channel group that they came from.',
		dimension: channel,
		aggregation: 'sum',
		group: 'channels',
		rank: 8
	}),
	metric({
		id: 'google-analytics.users_by_channel',
		name: 'Users by channel',
		description: 'Active users by the channel of their session; somebody who came by two counts in both.',
		dimension: channel,
		aggregation: 'average',
		group: 'channels'
	}),
	metric({
		id: 'google-analytics.conversions_by_channel',
		name: 'Conversions by channel',
		description: 'Key events by the channel of their session.',
		unit: 'number',
		dimension: channel,
		aggregation: 'sum',
		group: 'channels',
		rank: 9
	}),
	metric({
		id: 'google-analytics.sessions_by_country',
		name: 'Sessions by country',
		description: 'Sessions by the country that they came from.',
		dimension: country,
		aggregation: 'sum',
		group: 'countries',
		rank: 10
	})
];

/** Google Analytics 4, by signing in with Google: one property of the account. */
export class GoogleAnalyticsIntegration extends BaseIntegration<typeof credentials, typeof settings> {
	readonly id = 'google-analytics';
	readonly name = 'Google Analytics';
	readonly description = 'Users, sessions, conversions and revenue of a GA4 property, by channel and country.';
	readonly category = 'Analytics';
	readonly authType = 'oauth2';
	override readonly oauthProvider = 'google';
	readonly credentials = credentials;
	readonly settings = settings;
	readonly metrics = metrics;

	testConnection(_given: z.infer<typeof credentials>, context: TestContext<z.infer<typeof settings>>) {
		return testGoogleAnalyticsConnection(context);
	}

	fetchMetrics(_given: z.infer<typeof credentials>, request: FetchRequest<z.infer<typeof settings>>) {
		return fetchGoogleAnalyticsMetrics(request);
	}
}

integrationRegistry.register(new GoogleAnalyticsIntegration());
