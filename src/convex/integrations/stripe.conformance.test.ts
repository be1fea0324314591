import '../../lib/server/integrations/stripe.ts';
import { conformance } from './conformance.suite.ts';
import { respondWith } from './reading.suite.ts';
import { FakeStripe } from './stripe.fake.ts';

const NOW = Date.parse('2026-11-23T14:00:00Z');
const HOUR = 3_600;

/** `size` objects in every list, one an hour up to now; half of the subscriptions have ended. */
function world(size: number): FakeStripe {
	const stripe = new FakeStripe();
	const price = {
		id: 'price_1',
		currency: 'eur',
		unit_amount: 1200,
		unit_amount_decimal: '1200',
		billing_scheme: 'per_unit',
		recurring: { interval: 'year', interval_count: 1, usage_type: 'licensed' },
		product: 'prod_1'
	};
	for (let n = 1; n <= size; n += 1) {
		const created = NOW / 1000 - n * HOUR;
		const money = { created, amount: 100, currency: n % 2 ? 'eur' : 'jpy' };
		stripe.lists.charges?.push({ id: `ch_${n}`, ...money, status: 'succeeded', captured: true });
		stripe.lists.refunds?.push({ id: `re_${n}`, ...money, status: 'succeeded' });
		stripe.lists.balance_transactions?.push({ id: `txn_${n}`, ...money, fee: 3, net: 97, type: 'charge' });
		stripe.lists.customers?.push({ id: `cus_${n}`, created });
		stripe.lists.disputes?.push({ id: `dp_${n}`, created });
		const items = { data: [{ id: `si_${n}`, quantity: 1, price, discounts: [] }], has_more: false };
		stripe.lists.subscriptions?.push(
			{ id: `sub_${n}`, created, status: 'active', currency: 'eur', items, discounts: [] },
			{ id: `sub_ended_${n}`, created, status: 'canceled', ended_at: created, items }
		);
	}
	const amounts = [{ amount: size, currency: 'eur' }];
	stripe.balance = { object: 'balance', available: amounts, pending: amounts };
	return stripe;
}

conformance({
	id: 'stripe',
	fake: (size) => {
		const stripe = world(size);
		return respondWith((url, authorization) => stripe.answer(url, authorization));
	},
	pageSize: 100,
	credentials: () => ({ apiKey: world(0).key }),
	secret: world(0).key,
	settings: {},
	now: NOW,
	startDate: '2026-11-01',
	timeZone: 'Europe/Berlin',
	total: { metricId: 'stripe.successful_payments', of: (size) => size }
});
