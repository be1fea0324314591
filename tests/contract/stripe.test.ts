/**
 * Stripe's integration against a strict server: paths and parameters from Stripe's OpenAPI file, answers checked with
 * the schema of the pinned version.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { collect, contextFor, series, total } from '../../src/convex/integrations/reading.suite.ts';
import { fetchStripeMetrics, testStripeConnection } from '../../src/convex/integrations/stripe.ts';
import { FakeStripe } from '../../src/convex/integrations/stripe.fake.ts';
import { StripeIntegration } from '../../src/lib/server/integrations/stripe.ts';
import { complete } from './complete.ts';
import { startContract } from './server.ts';
import type { ContractAnswer, ContractRequest, ContractServer } from './server.ts';
import { loadSpec, readSpecFile } from './spec.ts';
import type { Schema } from './spec.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const at = (text: string) => Date.parse(text) / 1000;
const spec = loadSpec('stripe.json');

const definitions = z.record(z.string(), z.record(z.string(), z.unknown()));
const responsesFile = z.object({ responses: definitions, $defs: definitions }).nullable();
const current = responsesFile.parse(readSpecFile('stripe-2026.schema.json'));

/** Follows references inside the schema of the pinned version. */
function resolve(schema: Schema): Schema {
	const name = typeof schema === 'object' && typeof schema.$ref === 'string' ? schema.$ref.replace('#/$defs/', '') : '';
	const target = current?.$defs[name];
	return target === undefined ? schema : resolve(target);
}

function schemaOf(path: string): Schema | undefined {
	return current?.responses[path.replace('/v1/', '')];
}

/**
 * Two days of payments: 120 charges of 10.00 EUR on the 10th (two pages), one of 500 JPY a second after midnight, one
 * of 1.500 KWD, one failed; a refund, a dispute, fees; two paying subscriptions, a trial, one that ended.
 */
function seeded(): FakeStripe {
	const stripe = new FakeStripe();
	const { lists } = stripe;
	const paid = (amount: number, currency: string) => ({
		amount,
		amount_captured: amount,
		currency,
		status: 'succeeded',
		captured: true,
		paid: true
	});
	for (let n = 0; n < 120; n += 1) {
		lists.charges?.push({ id: `ch_${n}`, created: at('2026-11-10T09:00:00Z') + n, ...paid(1000, 'eur') });
		lists.customers?.push({ id: `cus_${n}`, created: at('2026-11-10T09:00:00Z') + n });
	}
	lists.charges?.push(
		{ id: 'ch_jpy', created: at('2026-11-11T00:00:00Z'), ...paid(500, 'jpy') },
		{ id: 'ch_kwd', created: at('2026-11-10T23:59:59Z'), ...paid(1500, 'kwd') },
		{ id: 'ch_failed', created: at('2026-11-11T10:00:00Z'), amount: 99, currency: 'eur', status: 'failed' },
		{ id: 'ch_before', created: at('2026-10-31T23:59:59Z'), ...paid(777, 'eur') }
	);
	lists.refunds?.push({
		id: 're_1',
		created: at('2026-11-12T10:00:00Z'),
		amount: 400,
		currency: 'eur',
		status: 'succeeded'
	});
	lists.disputes?.push({ id: 'dp_1', created: at('2026-11-13T10:00:00Z'), amount: 1000, currency: 'eur' });
	const row = (id: string, reporting_category: string, amount: number, fee: number) => ({
		id,
		created: at('2026-11-10T10:00:00Z'),
		currency: 'eur',
		amount,
		fee,
		net: amount - fee,
		reporting_category
	});
	lists.balance_transactions?.push(row('txn_1', 'charge', 120_000, 4200), row('txn_2', 'payout', -50_000, 0));
	const price = (id: string, unit_amount: number, interval: string) => ({
		id,
		currency: 'eur',
		unit_amount,
		unit_amount_decimal: String(unit_amount),
		billing_scheme: 'per_unit',
		recurring: { interval, interval_count: 1, usage_type: 'licensed' },
		product: 'prod_1'
	});
	const subscription = (id: string, fields: object, given = price('price_m', 2000, 'month')) => ({
		id,
		created: at('2026-01-01T00:00:00Z'),
		currency: 'eur',
		items: { data: [{ id: `si_${id}`, quantity: 3, price: given }], has_more: false },
		...fields
	});
	const half = { id: 'di_1', start: 0, source: { type: 'coupon', coupon: 'half' } };
	lists.coupons?.push({ id: 'half', percent_off: 50, duration: 'forever' });
	lists.subscriptions?.push(
		subscription('sub_1', { status: 'active', discounts: [half] }),
		subscription('sub_2', { status: 'past_due' }, price('price_y', 12_000, 'year')),
		subscription('sub_3', { status: 'trialing' }),
		subscription('sub_4', { status: 'canceled', ended_at: at('2026-11-15T10:00:00Z') })
	);
	stripe.balance = {
		available: [{ amount: 7000, currency: 'eur' }],
		pending: [{ amount: -20, currency: 'eur' }]
	};
	return stripe;
}

describe.skipIf(spec === null || current === null)("Stripe's contract", () => {
	let server: ContractServer | null = null;
	afterEach(() => server?.close());

	async function start(world: FakeStripe, fault?: (request: ContractRequest) => ContractAnswer | null) {
		if (spec === null || current === null) throw new Error('This test needs the spec.');
		const { $defs } = current;
		const answer = ({ url, headers }: ContractRequest): ContractAnswer => {
			const given = world.answer(url, String(headers.authorization));
			const schema = schemaOf(url.pathname);
			if ((given.status ?? 200) >= 300 || schema === undefined) return given;
			return { ...given, body: complete(resolve, schema, given.body) };
		};
		const paths = ['account', 'balance', ...Object.keys(world.lists)];
		server = await startContract({
			spec,
			fixtures: Object.fromEntries(paths.map((path) => [`GET /v1/${path}`, answer])),
			credential: world.key,
			unauthorized: { error: { type: 'invalid_request_error', message: 'Invalid API Key provided' } },
			responseSchema: (operation, status) => {
				const schema = status === 200 ? schemaOf(operation.replace('GET ', '')) : undefined;
				return typeof schema === 'object' ? { ...schema, $defs } : undefined;
			},
			fault
		});
		return server;
	}

	const metricIds = new StripeIntegration().metrics.map(({ id }) => id);

	function read(url: string, apiKey: string, startDate = '2026-11-01', endDate = '2026-11-23') {
		return collect(
			fetchStripeMetrics(
				{ apiKey },
				{
					...contextFor('stripe', url, apiKey, NOW),
					metricIds,
					startDate,
					endDate,
					timeZone: 'UTC',
					settings: {},
					checkpoint: null
				}
			)
		);
	}

	it('tells whose key it is', async () => {
		const world = seeded();
		const { url, problems } = await start(world);
		const result = await testStripeConnection({ apiKey: world.key }, contextFor('stripe', url, world.key, NOW));
		expect(result).toMatchObject({ success: true, accountInfo: { id: 'acct_1', currency: 'EUR' } });
		expect(problems).toEqual([]);
	});

	it('reads every metric to the totals worked out by hand', async () => {
		const world = seeded();
		const { url, problems, log } = await start(world);
		const { points, missing } = await read(url, world.key);
		expect(missing).toEqual([]);
		const sums = {
			gross_volume: 120_000,
			refunds: 400,
			fees: 4200,
			net_volume: 115_800,
			// 3 x 20.00 at half price, and 3 x 120.00 a year.
			mrr: 3000 + 3000,
			balance_available: 7000,
			balance_pending: -20
		};
		const counts = {
			successful_payments: 122,
			failed_payments: 1,
			new_customers: 120,
			disputes: 1,
			churned_subscriptions: 1,
			active_subscriptions: 2,
			trials: 1
		};
		const found = (names: object, dimension: string) =>
			Object.fromEntries(Object.keys(names).map((name) => [name, total(points, `stripe.${name}`, dimension)]));
		expect(found(sums, 'EUR')).toEqual(sums);
		expect(found(counts, '')).toEqual(counts);
		expect(total(points, 'stripe.gross_volume', 'JPY')).toBe(500);
		expect(total(points, 'stripe.gross_volume', 'KWD')).toBe(1500);
		const payments = series(points, 'stripe.successful_payments');
		expect([payments['2026-11-10'], payments['2026-11-11'], payments['2026-11-12']]).toEqual([121, 1, 0]);
		expect(problems).toEqual([]);
		expect(log.every(({ operation, status }) => operation !== null && status === 200)).toBe(true);
	});

	it('reads an empty range as zeros', async () => {
		const world = seeded();
		const { url, problems } = await start(world);
		const { points } = await read(url, world.key, '2026-11-17', '2026-11-19');
		expect(Object.values(series(points, 'stripe.successful_payments'))).toEqual([0, 0, 0]);
		expect(points.every(({ value }) => value === 0)).toBe(true);
		expect(problems).toEqual([]);
	});

	it('ends with a wrong key', async () => {
		const { url, problems } = await start(seeded());
		await expect(read(url, ['rk', 'test', 'wrong'].join('_'))).rejects.toMatchObject({ kind: 'auth' });
		expect(problems).toEqual([]);
	});

	it.each([
		['refunds', 403, 'permission', ['stripe.refunds']],
		['balance_transactions', 404, 'not_found', ['stripe.net_volume', 'stripe.fees']]
	])('goes on without %s (%i)', async (path, status, kind, names) => {
		const world = seeded();
		const refused = { status, body: { error: { type: 'invalid_request_error', message: 'no' } } };
		const { url } = await start(world, ({ operation }) => (operation === `GET /v1/${path}` ? refused : null));
		const { points, missing } = await read(url, world.key);
		expect(missing.map(({ metricId }) => metricId).toSorted()).toEqual(names.toSorted());
		expect(missing[0]?.kind).toBe(kind);
		expect(total(points, 'stripe.gross_volume', 'EUR')).toBe(120_000);
	});

	it.each([
		[{ 'retry-after': '600' }, NOW + 600_000],
		[{}, NOW + 60_000]
	])('waits for a limit with the headers %j', async (headers, retryAt) => {
		const world = seeded();
		const limited = { status: 429, headers, body: { error: { code: 'rate_limit', message: 'slow down' } } };
		const { url } = await start(world, ({ operation }) => (operation.endsWith('/customers') ? limited : null));
		await expect(read(url, world.key)).rejects.toMatchObject({ kind: 'rate_limited', details: { retryAt } });
	});
});
