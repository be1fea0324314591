'use node';
/** What Stripe tells about now: subscriptions and what they bring in a month, and the balance. */
import { z } from 'zod';
import type { Point } from '../../lib/metrics/types.ts';
import { isRefusal, resume } from './steps.ts';
import { STRIPE_PAGE } from './stripeApi.ts';
import type { StripeApi } from './stripeApi.ts';
import type { StripeJob } from './stripeDays.ts';
import type { StripeReader } from './stripeEvents.ts';
import { ownMinor } from './stripeMoney.ts';
import {
	couponSchema,
	isPaying,
	priceSchema,
	subscriptionItemSchema,
	subscriptionMrr,
	subscriptionSchema
} from './stripeMrr.ts';
import type { PriceBook, StripeCoupon, StripePrice, StripeSubscription, SubscriptionItem } from './stripeMrr.ts';

const limit = STRIPE_PAGE;

const levelState = z.object({
	after: z.string().optional(),
	pages: z.number(),
	active: z.number(),
	trialing: z.number(),
	/** Subscriptions whose price or discount could not be read. */
	unvalued: z.number(),
	/** Unrounded, by currency in upper case. */
	mrr: z.record(z.string(), z.number())
});

/**
 * `stripe.active_subscriptions`, `stripe.trials`, `stripe.mrr` as they are now. Costs one request for every hundred
 * subscriptions that have not ended, and the lists of prices and coupons when tiers or discounts need them.
 */
export const readSubscriptions: StripeReader = async function* (api, job, saved) {
	if (job.endDate < job.today) {
		yield { points: [], state: undefined, fraction: 1 };
		return;
	}
	const state: z.infer<typeof levelState> =
		saved === null ? { pages: 0, active: 0, trialing: 0, unvalued: 0, mrr: {} } : resume(levelState, saved);
	const prices = new PriceLists(api);
	for (;;) {
		const page = await api.list('subscriptions', subscriptionSchema, (sdk) =>
			sdk.subscriptions.list({
				limit,
				starting_after: state.after,
				expand: ['data.discounts.source.coupon', 'data.items.data.discounts']
			})
		);
		for (const subscription of page.items) {
			if (subscription.status === 'trialing') state.trialing += 1;
			if (!isPaying(subscription)) continue;
			state.active += 1;
			const worth = await prices.value(subscription, job.now);
			if (worth === null) state.unvalued += 1;
			else {
				const currency = worth.currency.toUpperCase();
				state.mrr[currency] = (state.mrr[currency] ?? 0) + worth.amount;
			}
		}
		if (page.after === null) break;
		state.after = page.after;
		state.pages += 1;
		yield { points: [], state: { ...structuredClone(state), after: page.after }, fraction: 1 - 1 / (state.pages + 1) };
	}
	const points = [level(job, 'stripe.active_subscriptions', state.active), level(job, 'stripe.trials', state.trialing)];
	if (state.unvalued > 0) {
		const message =
			`The price or discount of ${state.unvalued} of ${state.active} subscriptions could not be read, so MRR would be ` +
			'wrong and is left out. Give the key "Prices: Read" and "Coupons: Read".';
		const missing = [{ metricId: 'stripe.mrr', kind: 'permission' as const, message }];
		yield { points, state: undefined, fraction: 1, missing };
		return;
	}
	const currencies = new Set([...Object.keys(state.mrr), ...job.knownCurrencies('stripe.mrr')]);
	for (const currency of currencies) points.push(money(job, 'stripe.mrr', state.mrr[currency] ?? 0, currency));
	yield { points, state: undefined, fraction: 1 };
};

function level(job: StripeJob, metricId: string, value: number): Point {
	return { metricId, dimension: '', day: job.today, value, state: 'partial' };
}

function money(job: StripeJob, metricId: string, amount: number, currency: string): Point {
	const value = ownMinor(amount, currency);
	return { metricId, dimension: currency, day: job.today, value, state: 'partial', currency };
}

/** Prices with their tiers and coupons with their products, read when a subscription needs them. */
class PriceLists {
	readonly #api: StripeApi;
	#prices: ReadonlyMap<string, StripePrice> | null = null;
	#coupons: ReadonlyMap<string, StripeCoupon> | null = null;

	constructor(api: StripeApi) {
		this.#api = api;
	}

	/** MRR of a subscription; null when Stripe does not tell what it needs. */
	async value(listed: StripeSubscription, now: number) {
		const subscription = listed.items.has_more ? await this.#withAllItems(listed) : listed;
		const discounted = [subscription, ...subscription.items.data].some(({ discounts }) => discounts?.length);
		if (discounted) this.#coupons ??= await this.#coupon();
		const known = subscriptionMrr(subscription, this.#book(), now);
		if (known !== null || this.#prices !== null) return known;
		this.#prices = await this.#price();
		return subscriptionMrr(subscription, this.#book(), now);
	}

	#book(): PriceBook {
		return { price: (id) => this.#prices?.get(id), coupon: (id) => this.#coupons?.get(id) };
	}

	#price(): Promise<ReadonlyMap<string, StripePrice>> {
		return readAll((after) =>
			this.#api.list('prices', priceSchema, (sdk) =>
				sdk.prices.list({ limit, starting_after: after, expand: ['data.tiers', 'data.currency_options'] })
			)
		);
	}

	#coupon(): Promise<ReadonlyMap<string, StripeCoupon>> {
		return readAll((after) =>
			this.#api.list('coupons', couponSchema, (sdk) =>
				sdk.coupons.list({ limit, starting_after: after, expand: ['data.applies_to'] })
			)
		);
	}

	async #withAllItems(subscription: StripeSubscription): Promise<StripeSubscription> {
		const items: ReadonlyMap<string, SubscriptionItem> = await readAll((after) =>
			this.#api.list('subscription items', subscriptionItemSchema, (sdk) =>
				sdk.subscriptionItems.list({
					subscription: subscription.id,
					limit,
					starting_after: after,
					expand: ['data.discounts']
				})
			)
		);
		return { ...subscription, items: { data: [...items.values()] } };
	}
}

/** A whole list by id; empty when the key may not read it. */
async function readAll<Item extends { readonly id: string }>(
	list: (after: string | undefined) => Promise<{ readonly items: readonly Item[]; readonly after: string | null }>
): Promise<ReadonlyMap<string, Item>> {
	const all = new Map<string, Item>();
	try {
		for (let after: string | undefined; ;) {
			const page = await list(after);
			for (const item of page.items) all.set(item.id, item);
			if (page.after === null) return all;
			after = page.after;
		}
	} catch (error) {
		if (!isRefusal(error)) throw error;
		return all;
	}
}

const amount = z.object({ amount: z.number().int(), currency: z.string() });
const balance = z.object({ available: z.array(amount), pending: z.array(amount) });

/** `stripe.balance_available` and `stripe.balance_pending`, by currency; both may be negative. One request. */
export const readBalance: StripeReader = async function* (api, job) {
	if (job.endDate < job.today) {
		yield { points: [], state: undefined, fraction: 1 };
		return;
	}
	const { available, pending } = await api.get('the balance', balance, (sdk) => sdk.balance.retrieve());
	const points = (metricId: string, rows: readonly z.infer<typeof amount>[]) =>
		rows.map((row) => money(job, metricId, row.amount, row.currency.toUpperCase()));
	yield {
		points: [...points('stripe.balance_available', available), ...points('stripe.balance_pending', pending)],
		state: undefined,
		fraction: 1
	};
};
