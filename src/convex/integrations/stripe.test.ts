import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Day } from '../../lib/metrics/types.ts';
import type { Json } from '../lib/contract.ts';
import { collect, contextFor, serve, series, stored, total } from './reading.suite.ts';
import type { Answer, FakeService } from './fake.suite.ts';
import { fetchStripeMetrics, testStripeConnection } from './stripe.ts';
import { FakeStripe, problem } from './stripe.fake.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const at = (text: string) => Date.parse(text) / 1000;

let world: FakeStripe;
let server: FakeService;
let intercept: (url: URL) => Answer | null;

beforeEach(async () => {
	world = new FakeStripe();
	intercept = () => null;
	server = await serve((url, authorization) => intercept(url) ?? world.answer(url, authorization));
});
afterEach(() => server.close());

interface Reading {
	readonly from: Day;
	readonly to?: Day;
	readonly timeZone?: string;
	readonly checkpoint?: Json;
	readonly known?: Readonly<Record<string, readonly string[]>>;
	readonly key?: string;
}

function read(
	names: readonly string[],
	{ from, to = '2026-11-23', timeZone = 'UTC', checkpoint = null, known, key = world.key }: Reading
) {
	return collect(
		fetchStripeMetrics(
			{ apiKey: key },
			{
				...contextFor('stripe', server.url, key, NOW),
				metricIds: names.map((name) => `stripe.${name}`),
				startDate: from,
				endDate: to,
				timeZone,
				settings: {},
				checkpoint,
				knownDimensions: known
			}
		)
	);
}

let serial = 0;
function put(list: keyof FakeStripe['lists'], created: string, fields: object): void {
	serial += 1;
	world.lists[list]?.push({ id: `${list}_${serial}`, created: at(created), ...fields });
}
const paid = (amount: number, currency = 'usd') => ({
	amount,
	amount_captured: amount,
	currency,
	status: 'succeeded',
	captured: true
});

describe('payments', () => {
	const names = ['gross_volume', 'successful_payments', 'failed_payments'];

	it('adds up days and currencies; a day without is zero', async () => {
		put('charges', '2026-11-20T00:00:00Z', paid(1000));
		put('charges', '2026-11-20T23:59:59Z', paid(250));
		put('charges', '2026-11-22T10:00:00Z', paid(500, 'jpy'));
		put('charges', '2026-11-22T11:00:00Z', paid(1500, 'kwd'));
		put('charges', '2026-11-22T12:00:00Z', { amount: 99, currency: 'usd', status: 'failed', captured: false });
		put('charges', '2026-11-19T23:59:59Z', paid(7777));
		const { points } = await read(names, { from: '2026-11-20' });
		expect(series(points, 'stripe.gross_volume', 'USD')).toEqual({
			'2026-11-20': 1250,
			'2026-11-21': 0,
			'2026-11-22': 0,
			'2026-11-23': 0
		});
		expect(series(points, 'stripe.gross_volume', 'JPY')['2026-11-22']).toBe(500);
		expect(series(points, 'stripe.gross_volume', 'KWD')['2026-11-22']).toBe(1500);
		expect(Object.values(series(points, 'stripe.successful_payments'))).toEqual([2, 0, 2, 0]);
		expect(Object.values(series(points, 'stripe.failed_payments'))).toEqual([0, 0, 1, 0]);
		const usd = points.find(({ dimension }) => dimension === 'USD');
		expect(usd?.currency).toBe('USD');
	});

	it("counts in the account's days, also over a change of the clock", async () => {
		// Berlin: UTC+2 until 2026-10-25 03:00, then UTC+1.
		put('charges', '2026-10-24T21:59:59Z', paid(1));
		put('charges', '2026-10-24T22:00:00Z', paid(10));
		put('charges', '2026-10-25T22:59:59Z', paid(100));
		put('charges', '2026-10-25T23:00:00Z', paid(1000));
		const { points } = await read(['gross_volume'], {
			from: '2026-10-24',
			to: '2026-10-26',
			timeZone: 'Europe/Berlin'
		});
		expect(series(points, 'stripe.gross_volume', 'USD')).toEqual({
			'2026-10-24': 1,
			'2026-10-25': 110,
			'2026-10-26': 1000
		});
	});

	it('counts what was captured, and keeps a day provisional while a charge may still change it', async () => {
		put('charges', '2026-11-20T10:00:00Z', { ...paid(1000), amount_captured: 400 });
		put('charges', '2026-11-21T10:00:00Z', {
			amount: 900,
			amount_captured: 0,
			currency: 'usd',
			status: 'succeeded',
			captured: false
		});
		put('charges', '2026-11-22T10:00:00Z', { ...paid(900), captured: false, amount_captured: 0, refunded: true });
		put('charges', '2026-11-19T10:00:00Z', { amount: 300, currency: 'usd', status: 'pending', captured: false });
		const { points } = await read(names, { from: '2026-11-19' });
		expect(Object.values(series(points, 'stripe.gross_volume', 'USD'))).toEqual([0, 400, 0, 0, 0]);
		const states = points.filter(({ metricId }) => metricId === 'stripe.successful_payments');
		expect(states.map(({ day, state }) => `${day} ${state}`).toSorted()).toEqual([
			'2026-11-19 provisional',
			'2026-11-20 complete',
			'2026-11-21 provisional',
			'2026-11-22 complete',
			'2026-11-23 partial'
		]);
	});

	it('writes zero in a currency that has a series already, and nothing in one nobody knows', async () => {
		const quiet = await read(['gross_volume'], { from: '2026-11-22' });
		expect(quiet.points).toEqual([]);
		const known = { 'stripe.gross_volume': ['EUR'] };
		const { points } = await read(['gross_volume'], { from: '2026-11-22', known });
		expect(series(points, 'stripe.gross_volume', 'EUR')).toEqual({ '2026-11-22': 0, '2026-11-23': 0 });
	});

	it('gives the same from every checkpoint, however the charges lie (property)', async () => {
		const start = at('2026-11-01T00:00:00Z');
		const charge = fc.record({
			created: fc.integer({ min: start, max: NOW / 1000 }),
			amount: fc.integer({ min: 1, max: 10_000 }),
			currency: fc.constantFrom('usd', 'eur', 'jpy'),
			status: fc.constantFrom('succeeded', 'failed', 'pending')
		});
		await fc.assert(
			fc.asyncProperty(fc.array(charge, { minLength: 95, maxLength: 320 }), async (charges) => {
				world.lists.charges = charges.map((fields, index) => ({ id: `ch_${index}`, captured: true, ...fields }));
				const whole = await read(names, { from: '2026-11-01' });
				const gained = charges.filter(({ status }) => status === 'succeeded');
				for (const currency of ['USD', 'EUR', 'JPY']) {
					const own = gained.filter((one) => one.currency === currency.toLowerCase());
					const sum = own.reduce((all, { amount }) => all + amount, 0);
					expect(total(whole.points, 'stripe.gross_volume', currency)).toBe(sum);
				}
				expect(total(whole.points, 'stripe.successful_payments')).toBe(gained.length);
				expect(stored(whole.points).size).toBe(whole.points.length);
				for (const [index, checkpoint] of whole.checkpoints.entries()) {
					const rest = await read(names, { from: '2026-11-01', checkpoint });
					const before = whole.pages.slice(0, index + 1).flatMap(({ points }) => points);
					expect(stored([...before, ...rest.points])).toEqual(stored(whole.points));
				}
			}),
			{ numRuns: 15 }
		);
	});
});

describe('refunds, fees, customers, disputes', () => {
	it('adds up refunds that were not taken back', async () => {
		const refund = (amount: number, status: string | null) => ({ amount, currency: 'usd', status });
		put('refunds', '2026-11-21T10:00:00Z', refund(100, 'succeeded'));
		put('refunds', '2026-11-21T11:00:00Z', refund(900, 'failed'));
		put('refunds', '2026-11-22T10:00:00Z', refund(50, 'pending'));
		const { points } = await read(['refunds'], { from: '2026-11-21' });
		expect(series(points, 'stripe.refunds', 'USD')).toEqual({ '2026-11-21': 100, '2026-11-22': 50, '2026-11-23': 0 });
		expect(points.find(({ day }) => day === '2026-11-22')?.state).toBe('provisional');
	});

	it('takes fees on payments and fees billed apart, and leaves own moves out of the net', async () => {
		const row = (reporting_category: string, amount: number, fee: number) => ({
			amount,
			fee,
			net: amount - fee,
			currency: 'eur',
			type: reporting_category,
			reporting_category
		});
		put('balance_transactions', '2026-11-22T10:00:00Z', row('charge', 10_000, 320));
		put('balance_transactions', '2026-11-22T11:00:00Z', row('refund', -2000, 0));
		put('balance_transactions', '2026-11-22T12:00:00Z', row('dispute', -1000, 1500));
		put('balance_transactions', '2026-11-22T13:00:00Z', row('fee', -200, 0));
		put('balance_transactions', '2026-11-22T14:00:00Z', row('payout', -5000, 0));
		const { points } = await read(['fees', 'net_volume'], { from: '2026-11-22' });
		// 320 + 1500 + 200; 9680 - 2000 - 2500 - 200.
		expect(series(points, 'stripe.fees', 'EUR')['2026-11-22']).toBe(2020);
		expect(series(points, 'stripe.net_volume', 'EUR')['2026-11-22']).toBe(4980);
	});

	it('counts customers and disputes, over two pages', async () => {
		for (let n = 0; n < 150; n += 1) put('customers', '2026-11-22T10:00:00Z', {});
		put('disputes', '2026-11-23T10:00:00Z', {});
		const { points } = await read(['new_customers', 'disputes'], { from: '2026-11-21' });
		expect(Object.values(series(points, 'stripe.new_customers'))).toEqual([0, 150, 0]);
		expect(Object.values(series(points, 'stripe.disputes'))).toEqual([0, 0, 1]);
		expect(server.requests.filter(({ path }) => path.includes('/customers'))).toHaveLength(2);
	});
});

describe('subscriptions', () => {
	const price = (overrides: object = {}) => ({
		id: 'price_m',
		currency: 'usd',
		unit_amount: 2000,
		unit_amount_decimal: '2000',
		billing_scheme: 'per_unit',
		recurring: { interval: 'month', interval_count: 1, usage_type: 'licensed' },
		product: 'prod_1',
		...overrides
	});
	const subscribed = (given: object, overrides: object = {}) => ({
		status: 'active',
		currency: 'usd',
		items: { data: [{ id: `si_${serial}`, quantity: 1, price: given, discounts: [] }], has_more: false },
		discounts: [],
		...overrides
	});

	it('adds up MRR by currency and counts active and trialing ones', async () => {
		put('subscriptions', '2026-01-01T00:00:00Z', subscribed(price()));
		put('subscriptions', '2026-01-02T00:00:00Z', subscribed(price(), { status: 'past_due' }));
		put('subscriptions', '2026-01-03T00:00:00Z', subscribed(price(), { status: 'trialing' }));
		put(
			'subscriptions',
			'2026-01-04T00:00:00Z',
			subscribed(price(), { status: 'canceled', ended_at: at('2026-11-21T10:00:00Z') })
		);
		const yen = price({
			id: 'price_y',
			currency: 'jpy',
			unit_amount: 10_000,
			unit_amount_decimal: '10000',
			recurring: { interval: 'year', interval_count: 1 }
		});
		put('subscriptions', '2026-01-05T00:00:00Z', subscribed(yen, { currency: 'jpy' }));
		const names = ['mrr', 'active_subscriptions', 'trials', 'churned_subscriptions'];
		const { points } = await read(names, { from: '2026-11-20', known: { 'stripe.mrr': ['EUR', 'USD'] } });
		expect(series(points, 'stripe.mrr', 'USD')).toEqual({ '2026-11-23': 4000 });
		expect(series(points, 'stripe.mrr', 'JPY')).toEqual({ '2026-11-23': 833 });
		expect(series(points, 'stripe.mrr', 'EUR')).toEqual({ '2026-11-23': 0 });
		expect(total(points, 'stripe.active_subscriptions')).toBe(3);
		expect(total(points, 'stripe.trials')).toBe(1);
		expect(Object.values(series(points, 'stripe.churned_subscriptions'))).toEqual([0, 1, 0, 0]);
	});

	it('reads tiers, coupons and long item lists where they are needed', async () => {
		const tiers = [
			{ up_to: null, unit_amount: 300, unit_amount_decimal: '300', flat_amount: 1000, flat_amount_decimal: '1000' }
		];
		const tiered = price({
			id: 'price_t',
			unit_amount: null,
			unit_amount_decimal: null,
			billing_scheme: 'tiered',
			tiers_mode: 'volume'
		});
		world.lists.prices?.push({ ...tiered, tiers });
		world.lists.coupons?.push({
			id: 'half',
			percent_off: 50,
			duration: 'forever',
			applies_to: { products: ['prod_1'] }
		});
		const half = { start: 0, end: null, source: { type: 'coupon', coupon: 'half' } };
		put('subscriptions', '2026-01-01T00:00:00Z', subscribed(tiered, { discounts: [half] }));
		put('subscriptions', '2026-01-02T00:00:00Z', { ...subscribed(price()), items: { data: [], has_more: true } });
		const long = world.lists.subscriptions?.at(-1)?.id;
		for (let n = 0; n < 25; n += 1)
			world.lists.subscription_items?.push({ id: `si_long_${n}`, subscription: long, quantity: 1, price: price() });
		const { points } = await read(['mrr'], { from: '2026-11-23' });
		// (1000 + 300) / 2 + 25 x 2000.
		expect(total(points, 'stripe.mrr', 'USD')).toBe(50_650);
	});

	it('leaves MRR out, and says why, rather than guess a discount', async () => {
		const unknown = { start: 0, end: null, source: { type: 'coupon', coupon: 'secret' } };
		put('subscriptions', '2026-01-01T00:00:00Z', subscribed(price(), { discounts: [unknown] }));
		world.forbidden.add('coupons');
		const { points, missing } = await read(['mrr', 'active_subscriptions'], { from: '2026-11-23' });
		expect(missing).toMatchObject([{ metricId: 'stripe.mrr' }]);
		expect(missing[0]?.message).toContain('Coupons: Read');
		expect(points.map(({ metricId }) => metricId)).toEqual(['stripe.active_subscriptions']);
	});

	it.each([0, 1, 99, 100, 101, 200, 201])(
		'gives the same MRR from every checkpoint with %i subscriptions',
		async (count) => {
			for (let n = 0; n < count; n += 1)
				put(
					'subscriptions',
					'2026-01-01T00:00:00Z',
					subscribed(price({ recurring: { interval: 'week', interval_count: 1 } }))
				);
			const names = ['mrr', 'active_subscriptions', 'churned_subscriptions'];
			const whole = await read(names, { from: '2026-11-22' });
			// 20.00 a week is 20 x 30.4375 / 7 = 86.9642857 a month.
			expect(total(whole.points, 'stripe.mrr', 'USD')).toBe(Math.round(count * 8696.428_571_428_571));
			for (const [index, checkpoint] of whole.checkpoints.entries()) {
				const rest = await read(names, { from: '2026-11-22', checkpoint });
				const before = whole.pages.slice(0, index + 1).flatMap(({ points }) => points);
				expect(stored([...before, ...rest.points])).toEqual(stored(whole.points));
			}
		}
	);
});

describe('the balance', () => {
	it('is one number per currency, in its own minor units', async () => {
		const amounts = [
			{ amount: -500, currency: 'usd' },
			{ amount: 300, currency: 'isk' }
		];
		world.balance = { object: 'balance', available: amounts, pending: [{ amount: 7, currency: 'jpy' }] };
		const { points } = await read(['balance_available', 'balance_pending'], { from: '2026-11-23' });
		expect(points.map(({ metricId, dimension, value }) => [metricId, dimension, value])).toEqual([
			['stripe.balance_available', 'USD', -500],
			['stripe.balance_available', 'ISK', 3],
			['stripe.balance_pending', 'JPY', 7]
		]);
		expect((await read(['balance_available'], { from: '2026-11-01', to: '2026-11-02' })).points).toEqual([]);
	});
});

describe('refusals', () => {
	it('names the permission of what is refused and reads the rest', async () => {
		world.forbidden.add('disputes');
		const { points, missing } = await read(['disputes', 'new_customers'], { from: '2026-11-23' });
		expect(missing).toMatchObject([
			{ metricId: 'stripe.disputes', kind: 'permission', missingScopes: ['Disputes: Read'] }
		]);
		expect(missing[0]?.message).toContain('Disputes: Read');
		expect(points.map(({ metricId }) => metricId)).toEqual(['stripe.new_customers']);
	});
	it('ends with a bad key', async () => {
		const bad = ['rk', 'test', 'bad'].join('_');
		await expect(read(['disputes'], { from: '2026-11-23', key: bad })).rejects.toMatchObject({ kind: 'auth' });
	});
	it.each([
		[429, { 'retry-after': '120' }, 'rate_limited', { status: 429, retryAt: NOW + 120_000 }],
		[429, {}, 'rate_limited', { status: 429, retryAt: NOW + 60_000 }],
		[500, {}, 'unreachable', { status: 500 }]
	])('tells what %i is %j', async (status, headers, kind, details) => {
		intercept = () => ({ ...problem(status, 'no'), headers });
		await expect(read(['disputes'], { from: '2026-11-23' })).rejects.toMatchObject({ kind, details });
	});
	it.each(['<html></html>', '{}', 'null', '[]', '{"data":[{}],"has_more":false}', '{"data":'])(
		'survives the answer %s',
		async (body) => {
			intercept = () => ({ status: 200, body });
			await expect(read(['gross_volume'], { from: '2026-11-23' })).rejects.toMatchObject({ kind: 'bad_response' });
		}
	);
	it('does not take a deleted cursor for a missing permission', async () => {
		for (let n = 0; n < 101; n += 1) put('customers', '2026-11-22T10:00:00Z', {});
		const { checkpoints } = await read(['new_customers'], { from: '2026-11-22' });
		world.lists.customers = [];
		const [checkpoint = null] = checkpoints;
		const again = read(['new_customers'], { from: '2026-11-22', checkpoint });
		await expect(again).rejects.toMatchObject({ kind: 'bad_response' });
	});
});

describe('the connection test', () => {
	const test = (key = world.key) => testStripeConnection({ apiKey: key }, contextFor('stripe', server.url, key, NOW));
	it('tells the account, its zone and currency', async () => {
		const dashboard = { display_name: 'Shop', timezone: 'Europe/Berlin' };
		world.account = { id: 'acct_9', country: 'DE', default_currency: 'eur', settings: { dashboard } };
		expect(await test()).toEqual({
			success: true,
			accountInfo: {
				id: 'acct_9',
				name: 'Shop (test mode)',
				details: { Mode: 'Test', Country: 'DE' },
				timeZone: 'Europe/Berlin',
				currency: 'EUR'
			}
		});
	});
	it('works with a key that may read customers only', async () => {
		for (const path of ['account', 'balance', 'charges']) world.forbidden.add(path);
		expect(await test()).toMatchObject({ success: true, accountInfo: { details: { Mode: 'Test' } } });
	});
	it('refuses a key that may read nothing, a wrong one and a publishable one', async () => {
		for (const path of ['account', 'balance', 'charges', 'customers', 'subscriptions']) world.forbidden.add(path);
		expect(await test()).toMatchObject({ success: false, kind: 'permission', field: 'apiKey' });
		expect(await test(['sk', 'test', 'bad'].join('_'))).toMatchObject({
			success: false,
			kind: 'auth',
			field: 'apiKey'
		});
		expect(await test(['pk', 'test', 'x'].join('_'))).toMatchObject({
			success: false,
			kind: 'config',
			field: 'apiKey'
		});
	});
	it('keeps the key out of what it says', async () => {
		intercept = () => problem(401, `Invalid API Key provided: ${world.key}`);
		expect(JSON.stringify(await test())).not.toContain(world.key);
	});
});
