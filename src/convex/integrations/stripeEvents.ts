'use node';
/** What happens at Stripe by day: payments, refunds, fees, customers, disputes, ended subscriptions. */
import { z } from 'zod';
import { dayOf } from '../../lib/metrics/zones.ts';
import { eachDay } from '../../lib/metrics/days.ts';
import type { Json } from '../lib/contract.ts';
import { resume } from './steps.ts';
import type { StepPage } from './steps.ts';
import { STRIPE_PAGE } from './stripeApi.ts';
import type { StripeApi } from './stripeApi.ts';
import { readDays } from './stripeDays.ts';
import type { Contribution, StripeJob } from './stripeDays.ts';

export type StripeReader = (api: StripeApi, job: StripeJob, state: Json) => AsyncIterable<StepPage>;

const created = { id: z.string(), created: z.number().int() };
const limit = STRIPE_PAGE;

const charge = z.object({
	...created,
	amount: z.number().int(),
	amount_captured: z.number().int().nullish(),
	currency: z.string(),
	status: z.string(),
	captured: z.boolean().nullish(),
	refunded: z.boolean().nullish()
});

/**
 * `stripe.gross_volume`, `stripe.successful_payments`, `stripe.failed_payments`. A charge that is still pending, or
 * authorised and not yet captured, is not counted and keeps its day provisional.
 */
export const readPayments: StripeReader = (api, job, state) =>
	readDays(
		job,
		{
			counts: ['stripe.successful_payments', 'stripe.failed_payments'],
			sums: ['stripe.gross_volume'],
			list: (range, after) =>
				api.list('charges', charge, (sdk) => sdk.charges.list({ created: range, limit, starting_after: after })),
			contributions: paymentOf
		},
		state
	);

function paymentOf(item: z.infer<typeof charge>): Contribution[] {
	const { currency, status } = item;
	const authorised = status === 'succeeded' && item.captured === false;
	// A released authorisation can no longer become a payment.
	if (authorised && item.refunded === true) return [];
	if (authorised || status === 'pending') {
		return [
			{ metricId: 'stripe.gross_volume', currency, value: 0, open: true },
			{ metricId: 'stripe.successful_payments', value: 0, open: true },
			{ metricId: 'stripe.failed_payments', value: 0, open: true }
		];
	}
	if (status === 'failed') return [{ metricId: 'stripe.failed_payments', value: 1 }];
	if (status !== 'succeeded') return [];
	return [
		{ metricId: 'stripe.gross_volume', currency, value: item.amount_captured ?? item.amount },
		{ metricId: 'stripe.successful_payments', value: 1 }
	];
}

const refund = z.object({
	...created,
	amount: z.number().int(),
	currency: z.string(),
	status: z.string().nullish()
});

/** `stripe.refunds`: failed and cancelled refunds do not count, pending ones do and keep their day provisional. */
export const readRefunds: StripeReader = (api, job, state) =>
	readDays(
		job,
		{
			counts: [],
			sums: ['stripe.refunds'],
			list: (range, after) =>
				api.list('refunds', refund, (sdk) => sdk.refunds.list({ created: range, limit, starting_after: after })),
			contributions: ({ amount, currency, status }) => {
				if (status === 'failed' || status === 'canceled') return [];
				const open = status === 'pending' || status === 'requires_action';
				return [{ metricId: 'stripe.refunds', currency, value: amount, open }];
			}
		},
		state
	);

const balanceTransaction = z.object({
	...created,
	currency: z.string(),
	fee: z.number().int(),
	net: z.number().int(),
	type: z.string(),
	reporting_category: z.string().nullish()
});

/** Money that only moves between the balance and the account's own bank or reserve. */
const OWN_MOVES = new Set([
	'payout',
	'payout_reversal',
	'payout_minimum_balance_hold',
	'payout_minimum_balance_release',
	'topup',
	'topup_reversal',
	'risk_reserved_funds',
	'connect_reserved_funds',
	'advance',
	'advance_funding',
	'anticipation_repayment'
]);
/** What Stripe bills apart from the fee on a payment. */
const BILLED_FEES = new Set(['fee', 'network_cost', 'tax']);

/** `stripe.fees` and `stripe.net_volume`, from balance transactions, in the currency they are settled in. */
export const readBalanceTransactions: StripeReader = (api, job, state) =>
	readDays(
		job,
		{
			counts: [],
			sums: ['stripe.fees', 'stripe.net_volume'],
			list: (range, after) =>
				api.list('balance transactions', balanceTransaction, (sdk) =>
					sdk.balanceTransactions.list({ created: range, limit, starting_after: after })
				),
			contributions: ({ currency, fee, net, type, reporting_category }) => {
				const category = reporting_category ?? type;
				if (OWN_MOVES.has(category)) return [];
				return [
					{ metricId: 'stripe.fees', currency, value: BILLED_FEES.has(category) ? -net : fee },
					{ metricId: 'stripe.net_volume', currency, value: net }
				];
			}
		},
		state
	);

/** `stripe.new_customers`: customers deleted since are not listed and so not counted. */
export const readCustomers: StripeReader = (api, job, state) =>
	readDays(
		job,
		{
			counts: ['stripe.new_customers'],
			sums: [],
			list: (range, after) =>
				api.list('customers', z.object(created), (sdk) =>
					sdk.customers.list({ created: range, limit, starting_after: after })
				),
			contributions: () => [{ metricId: 'stripe.new_customers', value: 1 }]
		},
		state
	);

/** `stripe.disputes` by the day they were opened. */
export const readDisputes: StripeReader = (api, job, state) =>
	readDays(
		job,
		{
			counts: ['stripe.disputes'],
			sums: [],
			list: (range, after) =>
				api.list('disputes', z.object(created), (sdk) =>
					sdk.disputes.list({ created: range, limit, starting_after: after })
				),
			contributions: () => [{ metricId: 'stripe.disputes', value: 1 }]
		},
		state
	);

const ended = z.object({ id: z.string(), ended_at: z.number().int().nullish() });
const churnState = z.object({
	after: z.string().optional(),
	pages: z.number(),
	days: z.record(z.string(), z.number())
});

/**
 * `stripe.churned_subscriptions` by the day they ended. Stripe cannot list by that day, so all cancelled subscriptions
 * are read: one request for every hundred that ever ended.
 */
export const readChurn: StripeReader = async function* (api, job, saved) {
	const state: z.infer<typeof churnState> = saved === null ? { pages: 0, days: {} } : resume(churnState, saved);
	const { days } = state;
	for (;;) {
		const page = await api.list('subscriptions', ended, (sdk) =>
			sdk.subscriptions.list({ status: 'canceled', limit, starting_after: state.after })
		);
		for (const { ended_at } of page.items) {
			if (typeof ended_at !== 'number') continue;
			const day = dayOf(ended_at * 1000, job.timeZone);
			if (day >= job.startDate && day <= job.endDate) days[day] = (days[day] ?? 0) + 1;
		}
		if (page.after === null) break;
		state.after = page.after;
		state.pages += 1;
		yield { points: [], state: { ...structuredClone(state), after: page.after }, fraction: 1 - 1 / (state.pages + 1) };
	}
	const points = eachDay(job.startDate, job.endDate).map((day) => ({
		metricId: 'stripe.churned_subscriptions',
		dimension: '',
		day,
		value: days[day] ?? 0,
		state: day === job.today ? ('partial' as const) : ('complete' as const)
	}));
	yield { points, state: undefined, fraction: 1 };
};
