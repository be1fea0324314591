/** A small Stripe in memory: lists with cursors and date ranges, a balance, an account, permissions. */
import type { Answer } from './fake.suite.ts';

export interface FakeObject {
	readonly id: string;
	readonly [field: string]: unknown;
}

/** Lists by path, without `/v1/`. */
type Lists = Record<string, FakeObject[]>;

export class FakeStripe {
	readonly key = ['rk', 'test', 'planted5e2a'].join('_');
	/** Newest first is made here; put objects in any order. */
	readonly lists: Lists = {
		charges: [],
		refunds: [],
		balance_transactions: [],
		customers: [],
		disputes: [],
		subscriptions: [],
		prices: [],
		coupons: [],
		subscription_items: []
	};
	account: object = { id: 'acct_1', object: 'account', country: 'DE', default_currency: 'eur' };
	balance: object = { object: 'balance', livemode: false, available: [], pending: [] };
	/** Paths, without `/v1/`, that the key may not read. */
	readonly forbidden = new Set<string>();

	/** Answers a GET. */
	answer(url: URL, authorization: string): Answer {
		if (authorization !== `Bearer ${this.key}`) return problem(401, 'Invalid API Key provided');
		const path = url.pathname.replace(/^\/v1\//, '');
		if (this.forbidden.has(path)) return problem(403, 'The provided key does not have the required permissions');
		if (path === 'account') return { status: 200, body: this.account };
		if (path === 'balance') return { status: 200, body: this.balance };
		const objects = this.lists[path];
		return objects === undefined ? problem(404, 'Unrecognized request URL') : list(url, objects);
	}
}

/** An error as Stripe writes it. */
export function problem(status: number, message: string, param?: string): Answer {
	return { status, body: { error: { type: 'invalid_request_error', message, param } } };
}

function list(url: URL, objects: readonly FakeObject[]): Answer {
	const { searchParams } = url;
	const bound = (name: string, otherwise: number) => Number(searchParams.get(`created[${name}]`) ?? otherwise);
	const status = searchParams.get('status');
	const subscription = searchParams.get('subscription');
	const matching = objects
		.filter(({ created = 0 }) => Number(created) >= bound('gte', 0) && Number(created) <= bound('lte', Infinity))
		.filter((object) => subscription === null || object.subscription === subscription)
		.filter(
			(object) => url.pathname !== '/v1/subscriptions' || (object.status === 'canceled') === (status === 'canceled')
		)
		.toSorted((a, b) => Number(b.created ?? 0) - Number(a.created ?? 0));
	const after = searchParams.get('starting_after');
	const begin = after === null ? 0 : matching.findIndex(({ id }) => id === after) + 1;
	if (after !== null && begin === 0) return problem(404, `No such object: '${after}'`, 'starting_after');
	const limit = Number(searchParams.get('limit') ?? 10);
	return {
		status: 200,
		body: {
			object: 'list',
			url: url.pathname,
			has_more: matching.length > begin + limit,
			data: matching.slice(begin, begin + limit)
		}
	};
}
