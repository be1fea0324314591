import { z } from 'zod';
import { fetchStripeMetrics, testStripeConnection } from '../../../convex/integrations/stripe.ts';
import { STRIPE_PERMISSIONS } from '../../../convex/integrations/stripePermissions.ts';
import type { FetchRequest, IntegrationContext } from '../../../convex/lib/contract.ts';
import type { MetricDefinition } from '../../metrics/types.ts';
import { BaseIntegration } from './base.ts';
import { secretField } from './fields.ts';
import { integrationRegistry } from './registry.ts';

const credentials = z.object({
	apiKey: secretField({
		label: 'Restricted key',
		help:
			'Make a restricted key with read access to Charges and Refunds, Customers, Disputes, Subscriptions, Prices, ' +
			'Coupons, Balance and Balance transaction sources. A test key (rk_test_…) shows test data.',
		helpUrl: 'https://dashboard.stripe.com/apikeys/create',
		placeholder: 'rk_live_…'
	})
});

const settings = z.object({});

const currency = { key: 'currency', label: 'Currency' };
const past = { source: 'events', historyDays: null } as const;
const now = { source: 'snapshot', historyDays: 0 } as const;

const metrics: readonly MetricDefinition[] = [
	{
		id: 'stripe.mrr',
		name: 'MRR',
		description:
			'What active and past-due subscriptions bring in a month: every interval turned into months, quantities, tiers ' +
			'and running discounts applied. Left out: metered items, trials, paused collection, one-time discounts, taxes. ' +
			'Its history grows from the day you connect.',
		unit: 'money',
		aggregation: 'last',
		direction: 'up',
		group: 'subscriptions',
		dimension: currency,
		scopes: [STRIPE_PERMISSIONS.subscriptions, STRIPE_PERMISSIONS.prices, STRIPE_PERMISSIONS.coupons],
		rank: 1,
		...now
	},
	{
		id: 'stripe.gross_volume',
		name: 'Gross volume',
		description:
			'Captured charges by the day they were made, in the currency the customer paid, before refunds and fees. A day ' +
			'with pending charges or uncaptured authorisations is provisional.',
		unit: 'money',
		aggregation: 'sum',
		direction: 'up',
		group: 'payments',
		dimension: currency,
		scopes: [STRIPE_PERMISSIONS.charges],
		rank: 2,
		...past
	},
	{
		id: 'stripe.net_volume',
		name: 'Net volume',
		description:
			'What stayed in the balance: payments less refunds, disputes and fees, in the currency it is settled in. Payouts, ' +
			'top-ups and reserves are not counted.',
		unit: 'money',
		aggregation: 'sum',
		direction: 'up',
		group: 'balance_transactions',
		dimension: currency,
		scopes: [STRIPE_PERMISSIONS.balanceTransactions],
		rank: 3,
		...past
	},
	{
		id: 'stripe.successful_payments',
		name: 'Successful payments',
		description: 'Captured charges by the day they were made, in all currencies.',
		unit: 'count',
		aggregation: 'sum',
		direction: 'up',
		group: 'payments',
		scopes: [STRIPE_PERMISSIONS.charges],
		rank: 5,
		...past
	},
	{
		id: 'stripe.failed_payments',
		name: 'Failed payments',
		description: 'Charges that failed, by the day they were tried; every retry counts.',
		unit: 'count',
		aggregation: 'sum',
		direction: 'down',
		group: 'payments',
		scopes: [STRIPE_PERMISSIONS.charges],
		rank: 8,
		...past
	},
	{
		id: 'stripe.refunds',
		name: 'Refunds',
		description:
			'Money given back, by the day of the refund, in the currency of the charge. Failed refunds do not count.',
		unit: 'money',
		aggregation: 'sum',
		direction: 'down',
		group: 'refunds',
		dimension: currency,
		scopes: [STRIPE_PERMISSIONS.charges],
		rank: 9,
		...past
	},
	{
		id: 'stripe.fees',
		name: 'Fees',
		description: 'What Stripe took, on payments and billed apart, in the currency it is settled in.',
		unit: 'money',
		aggregation: 'sum',
		direction: 'down',
		group: 'balance_transactions',
		dimension: currency,
		scopes: [STRIPE_PERMISSIONS.balanceTransactions],
		...past
	},
	{
		id: 'stripe.new_customers',
		name: 'New customers',
		description: 'Customers created on the day. Customers deleted before they were read are not counted.',
		unit: 'count',
		aggregation: 'sum',
		direction: 'up',
		group: 'customers',
		scopes: [STRIPE_PERMISSIONS.customers],
		rank: 6,
		...past
	},
	{
		id: 'stripe.disputes',
		name: 'Disputes',
		description: 'Disputes opened on the day, whatever became of them.',
		unit: 'count',
		aggregation: 'sum',
		direction: 'down',
		group: 'disputes',
		scopes: [STRIPE_PERMISSIONS.disputes],
		rank: 10,
		...past
	},
	{
		id: 'stripe.active_subscriptions',
		name: 'Active subscriptions',
		description: 'Subscriptions that bill now: active or past due, collection not paused. Trials are counted apart.',
		unit: 'count',
		aggregation: 'last',
		direction: 'up',
		group: 'subscriptions',
		scopes: [STRIPE_PERMISSIONS.subscriptions],
		rank: 4,
		...now
	},
	{
		id: 'stripe.trials',
		name: 'Trials',
		description: 'Subscriptions in their trial now.',
		unit: 'count',
		aggregation: 'last',
		direction: 'up',
		group: 'subscriptions',
		scopes: [STRIPE_PERMISSIONS.subscriptions],
		...now
	},
	{
		id: 'stripe.churned_subscriptions',
		name: 'Churned subscriptions',
		description: 'Subscriptions that ended on the day, trials that were cancelled included.',
		unit: 'count',
		aggregation: 'sum',
		direction: 'down',
		group: 'churn',
		scopes: [STRIPE_PERMISSIONS.subscriptions],
		rank: 7,
		...past
	},
	{
		id: 'stripe.balance_available',
		name: 'Available balance',
		description: 'Money at Stripe that can be paid out now. It can be negative.',
		unit: 'money',
		aggregation: 'last',
		direction: 'neutral',
		group: 'balance',
		dimension: currency,
		scopes: [STRIPE_PERMISSIONS.balance],
		rank: 11,
		...now
	},
	{
		id: 'stripe.balance_pending',
		name: 'Pending balance',
		description: 'Money at Stripe that becomes available later.',
		unit: 'money',
		aggregation: 'last',
		direction: 'neutral',
		group: 'balance',
		dimension: currency,
		scopes: [STRIPE_PERMISSIONS.balance],
		...now
	}
];

/** Stripe, by a restricted key: payments, subscriptions and balance of one account. */
export class StripeIntegration extends BaseIntegration<typeof credentials, typeof settings> {
	readonly id = 'stripe';
	readonly name = 'Stripe';
	readonly description = 'Revenue, subscriptions, refunds, fees and balance, per currency.';
	readonly category = 'Payments';
	readonly authType = 'api_key';
	readonly credentials = credentials;
	readonly settings = settings;
	readonly metrics = metrics;

	testConnection(values: z.infer<typeof credentials>, context: IntegrationContext) {
		return testStripeConnection(values, context);
	}

	fetchMetrics(values: z.infer<typeof credentials>, request: FetchRequest<z.infer<typeof settings>>) {
		return fetchStripeMetrics(values, request);
	}
}

integrationRegistry.register(new StripeIntegration());
