import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import {
	couponSchema,
	isPaying,
	perMonth,
	periodAmount,
	priceSchema,
	subscriptionMrr,
	subscriptionSchema
} from './stripeMrr.ts';
import type { PriceBook, StripeCoupon, StripePrice } from './stripeMrr.ts';

const NOW = 1_800_000_000;
type PriceInput = Partial<z.input<typeof priceSchema>>;

function price(overrides: PriceInput = {}): StripePrice {
	return priceSchema.parse({
		id: 'price_1',
		currency: 'usd',
		unit_amount: 1000,
		unit_amount_decimal: null,
		billing_scheme: 'per_unit',
		recurring: { interval: 'month', interval_count: 1, usage_type: 'licensed' },
		product: 'prod_1',
		...overrides
	});
}

function coupon(overrides: Partial<StripeCoupon>): StripeCoupon {
	return couponSchema.parse({ id: 'coupon', duration: 'forever', ...overrides });
}

const discount = (given: StripeCoupon, times: { start?: number; end?: number | null } = {}) => ({
	start: 0,
	end: null,
	source: { coupon: given },
	...times
});

interface ItemInput {
	readonly price: StripePrice;
	readonly quantity?: number;
	readonly discounts?: readonly unknown[];
}

const EMPTY: PriceBook = { price: () => undefined, coupon: () => undefined };

function mrr(items: readonly ItemInput[], discounts: readonly unknown[] = [], book = EMPTY): number | null {
	const subscription = subscriptionSchema.parse({
		id: 'sub_1',
		status: 'active',
		currency: items[0]?.price.currency,
		items: { data: items.map((item, index) => ({ id: `si_${index}`, quantity: 1, discounts: [], ...item })) },
		discounts
	});
	return subscriptionMrr(subscription, book, NOW)?.amount ?? null;
}

const every = (interval: string, interval_count = 1) =>
	price({ recurring: { interval, interval_count, usage_type: 'licensed' } });

describe('intervals', () => {
	it.each([
		['month', 1, 1000],
		['month', 3, 1000 / 3],
		['year', 1, 1000 / 12],
		['year', 2, 1000 / 24],
		// 365.25 / 12 = 30.4375 days in a month; 30.4375 / 7 weeks.
		['week', 1, 4348.214_285_714_286],
		['week', 2, 2174.107_142_857_143],
		['day', 1, 30_437.5],
		['day', 30, 1014.583_333_333_333_3]
	])('10.00 every %s x %i', (interval, count, expected) => {
		expect(mrr([{ price: every(interval, count) }])).toBeCloseTo(expected, 8);
	});
	it('counts nothing for an interval nobody knows', () => expect(perMonth('fortnight', 1)).toBe(0));
});

describe('quantities and amounts', () => {
	it('multiplies by quantity, and knows none as one', () => {
		expect(mrr([{ price: price(), quantity: 7 }])).toBe(7000);
		expect(mrr([{ price: price(), quantity: undefined }])).toBe(1000);
		expect(mrr([{ price: price(), quantity: 0 }])).toBe(0);
	});
	it('reads amounts below a cent', () => {
		expect(mrr([{ price: price({ unit_amount: null, unit_amount_decimal: '0.25' }), quantity: 1000 }])).toBe(250);
	});
	it('divides and rounds quantities as the price says', () => {
		const packs = (round: string) => price({ transform_quantity: { divide_by: 10, round } });
		expect(periodAmount(packs('up'), 11)).toBe(2000);
		expect(periodAmount(packs('down'), 11)).toBe(1000);
		expect(periodAmount(packs('down'), 9)).toBe(0);
	});
	it('leaves metered items out and keeps the rest', () => {
		const metered = price({ recurring: { interval: 'month', interval_count: 1, usage_type: 'metered' } });
		expect(mrr([{ price: metered }, { price: price() }])).toBe(1000);
	});
	it('adds items of different intervals', () => {
		expect(mrr([{ price: price() }, { price: price({ ...every('year'), unit_amount: 12_000 }) }])).toBe(2000);
	});
});

describe('tiers', () => {
	const tiers = [
		{ up_to: 5, unit_amount: 500, unit_amount_decimal: null, flat_amount: 1000, flat_amount_decimal: null },
		{ up_to: 10, unit_amount: 400, unit_amount_decimal: null, flat_amount: null, flat_amount_decimal: null },
		{ up_to: null, unit_amount: null, unit_amount_decimal: '99.5', flat_amount: 200, flat_amount_decimal: null }
	];
	const tiered = (tiers_mode: string) => price({ unit_amount: null, billing_scheme: 'tiered', tiers_mode, tiers });
	it.each([
		[0, 1000],
		[5, 1000 + 5 * 500],
		[6, 1000 + 5 * 500 + 400],
		[10, 1000 + 5 * 500 + 5 * 400],
		[12, 1000 + 5 * 500 + 5 * 400 + 200 + 2 * 99.5]
	])('graduated: %i units', (units, expected) => expect(periodAmount(tiered('graduated'), units)).toBe(expected));
	it.each([
		[1, 1000 + 500],
		[5, 1000 + 5 * 500],
		[6, 6 * 400],
		[12, 200 + 12 * 99.5]
	])('volume: %i units', (units, expected) => expect(periodAmount(tiered('volume'), units)).toBe(expected));
	it('takes tiers that the list left out from the price list, and says so when there are none', () => {
		const listed = price({ unit_amount: null, billing_scheme: 'tiered', tiers_mode: 'volume' });
		const book = { ...EMPTY, price: (id: string) => (id === 'price_1' ? tiered('volume') : undefined) };
		expect(mrr([{ price: listed, quantity: 6 }], [], book)).toBe(2400);
		expect(mrr([{ price: listed, quantity: 6 }])).toBeNull();
	});
});

describe('discounts', () => {
	it('takes a running percentage off, on the item and then on the subscription', () => {
		const quarter = discount(coupon({ percent_off: 25 }));
		const tenth = discount(coupon({ percent_off: 10 }));
		expect(mrr([{ price: price() }], [quarter])).toBe(750);
		expect(mrr([{ price: price(), discounts: [quarter] }, { price: price() }], [tenth])).toBeCloseTo(675 + 900, 8);
	});
	it('spreads an amount over the bill: 12.00 off a yearly bill is 1.00 a month', () => {
		const yearly = price({ ...every('year'), unit_amount: 12_000 });
		expect(mrr([{ price: yearly }], [discount(coupon({ amount_off: 1200, currency: 'usd' }))])).toBeCloseTo(900, 8);
	});
	it('never goes below zero', () => {
		expect(mrr([{ price: price() }], [discount(coupon({ amount_off: 5000, currency: 'usd' }))])).toBe(0);
	});
	it('ignores what is used up, over, not begun or in another currency', () => {
		expect(mrr([{ price: price() }], [discount(coupon({ percent_off: 50, duration: 'once' }))])).toBe(1000);
		const half = coupon({ percent_off: 50, duration: 'repeating' });
		expect(mrr([{ price: price() }], [discount(half, { end: NOW })])).toBe(1000);
		expect(mrr([{ price: price() }], [discount(half, { end: NOW + 1 })])).toBe(500);
		expect(mrr([{ price: price() }], [discount(half, { start: NOW + 1 })])).toBe(1000);
		expect(mrr([{ price: price() }], [discount(coupon({ amount_off: 100, currency: 'eur' }))])).toBe(1000);
	});
	it('reduces only the products a coupon is for', () => {
		const some = discount(coupon({ percent_off: 50, applies_to: { products: ['prod_2'] } }));
		const items = [{ price: price() }, { price: price({ product: { id: 'prod_2' } }) }];
		expect(mrr(items, [some])).toBe(1500);
	});
	it('finds a coupon by id, and says so when it cannot', () => {
		const named = { start: 0, end: null, source: { coupon: 'coupon' } };
		const book = { ...EMPTY, coupon: () => coupon({ percent_off: 50 }) };
		expect(mrr([{ price: price() }], [named], book)).toBe(500);
		expect(mrr([{ price: price() }], [named])).toBeNull();
	});
});

describe('currencies', () => {
	it('takes the amount of the currency the subscription pays in', () => {
		const multi = price({ currency_options: { eur: { unit_amount: 900, unit_amount_decimal: null } } });
		const subscription = (currency: string) =>
			subscriptionSchema.parse({
				id: 'sub_1',
				status: 'active',
				currency,
				items: { data: [{ id: 'si_1', quantity: 2, price: price() }] }
			});
		const book = { ...EMPTY, price: () => multi };
		expect(subscriptionMrr(subscription('eur'), book, NOW)).toEqual({ currency: 'eur', amount: 1800 });
		expect(subscriptionMrr(subscription('gbp'), book, NOW)).toBeNull();
	});
});

describe('who pays', () => {
	it.each([
		['active', null, true],
		['past_due', null, true],
		['active', { behavior: 'void' }, false],
		['trialing', null, false],
		['unpaid', null, false],
		['paused', null, false],
		['canceled', null, false],
		['incomplete', null, false]
	])('%s, pause %j: %s', (status, pause_collection, expected) => {
		expect(isPaying({ status, pause_collection })).toBe(expected);
	});
});

describe('properties', () => {
	const amount = fc.integer({ min: 0, max: 10_000_000 });
	const quantity = fc.integer({ min: 0, max: 10_000 });
	it('is linear in quantity', () => {
		fc.assert(
			fc.property(amount, quantity, quantity, (unit_amount, a, b) => {
				const of = (units: number) => mrr([{ price: price({ unit_amount }), quantity: units }]) ?? NaN;
				expect(of(a + b)).toBe(of(a) + of(b));
			})
		);
	});
	it('is the same for a year at twelve times the price', () => {
		fc.assert(
			fc.property(amount, quantity, (unit_amount, units) => {
				const yearly = price({ ...every('year'), unit_amount: 12 * unit_amount });
				const year = mrr([{ price: yearly, quantity: units }]) ?? NaN;
				expect(year).toBeCloseTo(unit_amount * units, 3);
			})
		);
	});
	it('never rises by a discount and never falls below zero', () => {
		const off = fc.oneof(
			fc.record({ percent_off: fc.double({ min: 0, max: 100, noNaN: true }) }),
			fc.record({ amount_off: amount, currency: fc.constant('usd') })
		);
		fc.assert(
			fc.property(amount, quantity, fc.array(off, { maxLength: 4 }), (unit_amount, units, coupons) => {
				const full = unit_amount * units;
				const items = [{ price: price({ unit_amount }), quantity: units }];
				const reduced =
					mrr(
						items,
						coupons.map((given) => discount(coupon(given)))
					) ?? NaN;
				expect(reduced).toBeGreaterThanOrEqual(0);
				expect(reduced).toBeLessThanOrEqual(full);
			})
		);
	});
	it('graduated tiers cost the same however one price is cut into tiers', () => {
		fc.assert(
			fc.property(
				fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { maxLength: 6 }),
				amount,
				quantity,
				(cuts, unit, units) => {
					const bounds: (number | null)[] = [...cuts.toSorted((a, b) => a - b), null];
					const tiers = bounds.map((up_to) => ({
						up_to,
						unit_amount: unit,
						unit_amount_decimal: null,
						flat_amount_decimal: null
					}));
					const cut = price({ unit_amount: null, billing_scheme: 'tiered', tiers_mode: 'graduated', tiers });
					expect(periodAmount(cut, units)).toBe(unit * units);
				}
			)
		);
	});
});
