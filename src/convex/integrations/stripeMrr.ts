/** Monthly recurring revenue of a subscription. Pure arithmetic on parsed shapes; amounts in Stripe's minor units. */
import { z } from 'zod';

/** A decimal that arrives as text, number or the SDK's own decimal; null stays null. */
const decimal = z.preprocess(
	(value) => (value === null || value === undefined ? null : Number(String(value))),
	z.number().nullable()
);
const amounts = { unit_amount: z.number().nullish(), unit_amount_decimal: decimal };

const tierSchema = z.object({
	...amounts,
	/** The last unit of the tier; null or "inf" in the last tier. */
	up_to: z.union([z.number(), z.literal('inf')]).nullish(),
	flat_amount: z.number().nullish(),
	flat_amount_decimal: decimal
});

export const priceSchema = z.object({
	id: z.string(),
	currency: z.string(),
	...amounts,
	billing_scheme: z.string().nullish(),
	tiers: z.array(tierSchema).nullish(),
	tiers_mode: z.string().nullish(),
	transform_quantity: z.object({ divide_by: z.number().positive(), round: z.string() }).nullish(),
	recurring: z
		.object({
			interval: z.string(),
			interval_count: z.number().int().positive(),
			usage_type: z.string().nullish()
		})
		.nullish(),
	product: z.union([z.string(), z.object({ id: z.string() })]).nullish(),
	/** Amounts of a price that is sold in several currencies, by currency. */
	currency_options: z.record(z.string(), z.object({ ...amounts, tiers: z.array(tierSchema).nullish() })).nullish()
});
export type StripePrice = z.infer<typeof priceSchema>;
type Tier = z.infer<typeof tierSchema>;

export const couponSchema = z.object({
	id: z.string(),
	percent_off: z.number().nullish(),
	amount_off: z.number().nullish(),
	currency: z.string().nullish(),
	duration: z.string(),
	applies_to: z.object({ products: z.array(z.string()) }).nullish()
});
export type StripeCoupon = z.infer<typeof couponSchema>;

const couponOrId = z.union([z.string(), couponSchema]).nullish();
const discountSchema = z.object({
	start: z.number().nullish(),
	end: z.number().nullish(),
	source: z.object({ coupon: couponOrId }).nullish()
});
type Discount = z.infer<typeof discountSchema>;
const discounts = z.array(z.union([z.string(), discountSchema])).nullish();

export const subscriptionItemSchema = z.object({
	id: z.string(),
	quantity: z.number().nullish(),
	price: priceSchema,
	discounts
});
export type SubscriptionItem = z.infer<typeof subscriptionItemSchema>;

export const subscriptionSchema = z.object({
	id: z.string(),
	status: z.string(),
	currency: z.string().nullish(),
	pause_collection: z.unknown().optional(),
	items: z.object({ data: z.array(subscriptionItemSchema), has_more: z.boolean().nullish() }),
	discounts
});
export type StripeSubscription = z.infer<typeof subscriptionSchema>;

/** What a list answer does not carry inside a subscription; undefined when it is not known. */
export interface PriceBook {
	readonly price: (id: string) => StripePrice | undefined;
	readonly coupon: (id: string) => StripeCoupon | undefined;
}

const DAYS_PER_MONTH = 365.25 / 12;

/** How many times a billing period fits into a month: 1 for a month, 1/12 for a year; 0 for an unknown interval. */
export function perMonth(interval: string, count: number): number {
	if (interval === 'month') return 1 / count;
	if (interval === 'year') return 1 / (12 * count);
	if (interval === 'week') return DAYS_PER_MONTH / 7 / count;
	return interval === 'day' ? DAYS_PER_MONTH / count : 0;
}

/** Whether the subscription bills now: active or past due, and collection not paused. Trials do not. */
export function isPaying({
	status,
	pause_collection
}: Pick<StripeSubscription, 'status' | 'pause_collection'>): boolean {
	return (
		(status === 'active' || status === 'past_due') && (pause_collection === null || pause_collection === undefined)
	);
}

/**
 * Minor units that one billing period of a price costs, before discounts. Null when the price does not say
 * (tiers or the amount in this currency not included).
 */
export function periodAmount(price: StripePrice, quantity: number, currency: string = price.currency): number | null {
	const option = currency === price.currency ? price : price.currency_options?.[currency];
	if (option === undefined) return null;
	const { divide_by = 1, round = 'up' } = price.transform_quantity ?? {};
	const units = round === 'down' ? Math.floor(quantity / divide_by) : Math.ceil(quantity / divide_by);
	if (price.billing_scheme === 'tiered') {
		if (!option.tiers) return null;
		return price.tiers_mode === 'volume' ? volumeAmount(option.tiers, units) : graduatedAmount(option.tiers, units);
	}
	const unit = option.unit_amount_decimal ?? option.unit_amount;
	return unit === null || unit === undefined ? null : unit * units;
}

function lastUnit({ up_to }: Tier): number {
	return typeof up_to === 'number' ? up_to : Infinity;
}

/** A tier's price for so many units inside it, its flat fee included. */
function tierAmount(tier: Tier, units: number): number {
	const unit = tier.unit_amount_decimal ?? tier.unit_amount ?? 0;
	return (tier.flat_amount_decimal ?? tier.flat_amount ?? 0) + unit * units;
}

/** All units at the price of the tier that holds the last one. */
function volumeAmount(tiers: readonly Tier[], units: number): number | null {
	const tier = tiers.find((candidate) => units <= lastUnit(candidate));
	return tier === undefined ? null : tierAmount(tier, units);
}

/** Every tier's units at its own price; the first tier's flat fee is due even without a unit. */
function graduatedAmount(tiers: readonly Tier[], units: number): number | null {
	let sum = 0;
	let below = 0;
	for (const [index, tier] of tiers.entries()) {
		if (index > 0 && units <= below) return sum;
		sum += tierAmount(tier, Math.min(units, lastUnit(tier)) - below);
		below = lastUnit(tier);
	}
	return units <= below ? sum : null;
}

interface Line {
	readonly product: string | null;
	/** Share of a month's bill that one period's amount is. */
	readonly perMonth: number;
	/** Minor units of one period, after the discounts applied so far. */
	amount: number;
}

/**
 * MRR of one subscription in minor units of its currency, unrounded. Metered items have no quantity and are left out;
 * a one-time discount does not reduce it, a running one does. Null when a price or coupon it needs is not known.
 * `now` in Unix seconds.
 */
export function subscriptionMrr(
	subscription: StripeSubscription,
	book: PriceBook,
	now: number
): { readonly currency: string; readonly amount: number } | null {
	const currency = subscription.currency ?? subscription.items.data[0]?.price.currency;
	if (currency === undefined) return null;
	const lines: Line[] = [];
	for (const item of subscription.items.data) {
		const line = lineOf(item, currency, book, now);
		if (line === null) return null;
		if (line !== 'metered') lines.push(line);
	}
	const coupons = runningCoupons(subscription.discounts, book, now);
	if (coupons === null) return null;
	for (const coupon of coupons) discountLines(lines, coupon, currency);
	return { currency, amount: lines.reduce((sum, line) => sum + line.amount * line.perMonth, 0) };
}

function lineOf(item: SubscriptionItem, currency: string, book: PriceBook, now: number): Line | 'metered' | null {
	const { price } = item;
	if (price.recurring?.usage_type === 'metered') return 'metered';
	const quantity = item.quantity ?? 1;
	const known = book.price(price.id);
	const amount = periodAmount(price, quantity, currency) ?? (known ? periodAmount(known, quantity, currency) : null);
	const coupons = runningCoupons(item.discounts, book, now);
	if (amount === null || coupons === null || !price.recurring) return null;
	const product = typeof price.product === 'string' ? price.product : (price.product?.id ?? null);
	const line = { product, perMonth: perMonth(price.recurring.interval, price.recurring.interval_count), amount };
	for (const coupon of coupons) discountLines([line], coupon, currency);
	return line;
}

/** Coupons that reduce every bill from now on; null when one cannot be told. */
function runningCoupons(
	given: readonly (string | Discount)[] | null | undefined,
	book: PriceBook,
	now: number
): StripeCoupon[] | null {
	const coupons: StripeCoupon[] = [];
	for (const discount of given ?? []) {
		if (typeof discount === 'string') return null;
		if ((discount.start ?? 0) > now || (discount.end ?? Infinity) <= now) continue;
		const inline = discount.source?.coupon;
		const id = typeof inline === 'string' ? inline : inline?.id;
		const coupon =
			(id === undefined ? undefined : book.coupon(id)) ?? (typeof inline === 'string' ? undefined : inline);
		if (!coupon) return null;
		if (coupon.duration !== 'once') coupons.push(coupon);
	}
	return coupons;
}

/** A percentage reduces each line; an amount is taken off the bill, spread over its lines by their size. */
function discountLines(lines: readonly Line[], coupon: StripeCoupon, currency: string): void {
	const products = coupon.applies_to?.products;
	const due = lines.filter(({ product }) => !products || (product !== null && products.includes(product)));
	const total = due.reduce((sum, { amount }) => sum + amount, 0);
	if (total <= 0) return;
	const fixed = coupon.amount_off && coupon.currency === currency ? Math.min(coupon.amount_off, total) / total : 0;
	const share = coupon.percent_off ? coupon.percent_off / 100 : fixed;
	for (const line of due) line.amount *= 1 - share;
}
