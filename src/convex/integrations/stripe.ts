'use node';
/** Stripe: how its numbers are read. What they mean is said in `src/lib/server/integrations/stripe.ts`. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { today } from '../../lib/metrics/zones.ts';
import type { AccountInfo, FetchRequest, IntegrationContext, Json, MetricsPage, TestResult } from '../lib/contract.ts';
import { IntegrationError } from '../lib/errors.ts';
import { isRefusal, walkSteps } from './steps.ts';
import { StripeApi } from './stripeApi.ts';
import type { StripeJob } from './stripeDays.ts';
import {
	readBalanceTransactions,
	readChurn,
	readCustomers,
	readDisputes,
	readPayments,
	readRefunds
} from './stripeEvents.ts';
import type { StripeReader } from './stripeEvents.ts';
import { readBalance, readSubscriptions } from './stripeLevels.ts';
import { STRIPE_PERMISSIONS } from './stripePermissions.ts';

export interface StripeCredentials {
	readonly apiKey: string;
}

interface Group {
	readonly metricIds: readonly string[];
	readonly permission: string;
	readonly read: StripeReader;
}

/** What is read together, from one list or endpoint. */
const GROUPS: readonly Group[] = [
	{
		metricIds: ['stripe.gross_volume', 'stripe.successful_payments', 'stripe.failed_payments'],
		permission: STRIPE_PERMISSIONS.charges,
		read: readPayments
	},
	{ metricIds: ['stripe.refunds'], permission: STRIPE_PERMISSIONS.charges, read: readRefunds },
	{
		metricIds: ['stripe.fees', 'stripe.net_volume'],
		permission: STRIPE_PERMISSIONS.balanceTransactions,
		read: readBalanceTransactions
	},
	{ metricIds: ['stripe.new_customers'], permission: STRIPE_PERMISSIONS.customers, read: readCustomers },
	{ metricIds: ['stripe.disputes'], permission: STRIPE_PERMISSIONS.disputes, read: readDisputes },
	{
		metricIds: ['stripe.churned_subscriptions'],
		permission: STRIPE_PERMISSIONS.subscriptions,
		read: readChurn
	},
	{
		metricIds: ['stripe.active_subscriptions', 'stripe.trials', 'stripe.mrr'],
		permission: STRIPE_PERMISSIONS.subscriptions,
		read: readSubscriptions
	},
	{
		metricIds: ['stripe.balance_available', 'stripe.balance_pending'],
		permission: STRIPE_PERMISSIONS.balance,
		read: readBalance
	}
];

/**
 * Reads the metrics asked for, group after group, newest day first; days are those of `timeZone`.
 * A refusal (403, 404) leaves out that group with a sentence; a bad key or a used-up limit ends the run.
 * Throws IntegrationError.
 */
export async function* fetchStripeMetrics(
	credentials: StripeCredentials,
	request: FetchRequest<object>
): AsyncIterable<MetricsPage> {
	const api = new StripeApi(credentials.apiKey, request);
	const now = request.now();
	const day = today(request.timeZone, now);
	const job: StripeJob = {
		startDate: request.startDate,
		endDate: request.endDate < day ? request.endDate : day,
		today: day,
		timeZone: request.timeZone,
		now: Math.floor(now / 1000),
		knownCurrencies: (metricId) => request.knownDimensions?.[metricId] ?? []
	};
	if (job.startDate > job.endDate) return;
	const wanted = new Set(request.metricIds);
	const steps = GROUPS.filter(({ metricIds }) => metricIds.some((id) => wanted.has(id))).map(({ read, ...group }) => ({
		...group,
		read: (state: Json) => read(api, job, state)
	}));
	yield* walkSteps(steps, wanted, request.checkpoint);
}

const account = z.object({
	id: z.string(),
	country: z.string().nullish(),
	default_currency: z.string().nullish(),
	business_profile: z.object({ name: z.string().nullish() }).nullish(),
	settings: z
		.object({
			dashboard: z.object({ display_name: z.string().nullish(), timezone: z.string().nullish() }).nullish()
		})
		.nullish()
});
type Account = z.infer<typeof account>;
const anything = z.unknown();

/** Cheap calls that show that a key works though it may not read the account. */
const PROBES: readonly { subject: string; run: Parameters<StripeApi['get']>[2] }[] = [
	{ subject: 'the balance', run: (sdk) => sdk.balance.retrieve() },
	{ subject: 'charges', run: (sdk) => sdk.charges.list({ limit: 1 }) },
	{ subject: 'customers', run: (sdk) => sdk.customers.list({ limit: 1 }) },
	{ subject: 'subscriptions', run: (sdk) => sdk.subscriptions.list({ limit: 1 }) }
];

/**
 * Asks Stripe whose key it is. A restricted key may not read the account; then the balance, or any list it may read,
 * shows that the key works, and the account is known by the key alone.
 */
export async function testStripeConnection(
	credentials: StripeCredentials,
	context: IntegrationContext
): Promise<TestResult> {
	const { apiKey } = credentials;
	if (apiKey.startsWith('pk_')) {
		const error = 'This is a publishable key, which can read nothing. Paste a restricted key; it begins with rk_.';
		return { success: false, kind: 'config', error, field: 'apiKey' };
	}
	try {
		return { success: true, accountInfo: accountInfo(apiKey, await readAccount(new StripeApi(apiKey, context))) };
	} catch (error) {
		if (!(error instanceof IntegrationError)) throw error;
		const field = error.kind === 'auth' || error.kind === 'permission' ? 'apiKey' : undefined;
		const missingScopes = error.kind === 'permission' ? [STRIPE_PERMISSIONS.charges] : undefined;
		return { success: false, kind: error.kind, error: error.message, field, missingScopes };
	}
}

/** The account, or null when the key works but may not read it. Throws the last refusal when it may read nothing. */
async function readAccount(api: StripeApi): Promise<Account | null> {
	try {
		return await api.get('the account', account, (sdk) => sdk.accounts.retrieveCurrent());
	} catch (error) {
		if (!isRefusal(error)) throw error;
	}
	let refusal: unknown;
	for (const { subject, run } of PROBES) {
		try {
			await api.get(subject, anything, run);
			return null;
		} catch (error) {
			if (!isRefusal(error)) throw error;
			refusal = error;
		}
	}
	throw refusal;
}

function accountInfo(apiKey: string, known: Account | null): AccountInfo {
	const test = /^[a-z]+_test_/.test(apiKey);
	const dashboard = known?.settings?.dashboard;
	const name = dashboard?.display_name || known?.business_profile?.name || known?.id || 'Stripe account';
	return {
		id: known?.id ?? `key-${createHash('sha256').update(apiKey).digest('hex').slice(0, 16)}`,
		name: test ? `${name} (test mode)` : name,
		details: {
			Mode: test ? 'Test' : 'Live',
			...(known?.country ? { Country: known.country } : {}),
			...(apiKey.startsWith('sk_') ? { Key: 'Secret key; a restricted key with read access is enough' } : {}),
			...(known === null ? { Account: 'This key may not read the account itself' } : {})
		},
		...(dashboard?.timezone ? { timeZone: dashboard.timezone } : {}),
		...(known?.default_currency ? { currency: known.default_currency.toUpperCase() } : {})
	};
}
