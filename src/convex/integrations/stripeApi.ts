'use node';
/** Stripe's API through its own SDK, every request through our client, every failure an IntegrationError. */
import Stripe from 'stripe';
import { z } from 'zod';
import type { IntegrationContext } from '../lib/contract.ts';
import { IntegrationError } from '../lib/errors.ts';
import { INTEGRATIONS } from '../lib/integrationConfig.ts';
import { isRateLimit, rateLimitEnd } from '../lib/retry.ts';
import { kindOfStatus, sentence } from '../lib/sentences.ts';

/** Version whose shapes are parsed here; without it the account's own default would decide them. */
const API_VERSION = '2026-10-28.endive';
const TIMEOUT_MS = 60_000;
export const STRIPE_PAGE = 100;

const problem = z.object({ error: z.object({ param: z.string().nullish() }) });

/** What every list call answers, as far as it is read. */
interface ListAnswer {
	readonly data?: unknown;
	readonly has_more?: unknown;
}
const listSchema = z.object({ data: z.array(z.unknown()), has_more: z.boolean() });

export interface StripeList<Item> {
	readonly items: readonly Item[];
	/** Id to ask the next page with, null on the last one. */
	readonly after: string | null;
}

/** One key's view of Stripe. */
export class StripeApi {
	readonly sdk: Stripe;
	readonly #now: () => number;
	#failure: unknown = null;

	constructor(key: string, context: IntegrationContext) {
		this.#now = context.now;
		const send = context.http.fetch;
		const fetchThrough: typeof fetch = async (input, init) => {
			try {
				const response = await send(input, init);
				const { status, headers } = response;
				const body = await response.text();
				if (!response.ok) throw this.#refusal(status, headers, body);
				// On a body that is JSON but no object the SDK never settles.
				if (!isObject(body))
					throw new IntegrationError('bad_response', 'Stripe answered with something that is no data.');
				return new Response(body, { status, headers });
			} catch (error) {
				// The SDK would wrap it; what we know is better.
				this.#failure = error;
				throw error;
			}
		};
		this.sdk = new Stripe(key, {
			apiVersion: API_VERSION,
			httpClient: Stripe.createFetchHttpClient(fetchThrough),
			maxNetworkRetries: 0,
			telemetry: false,
			timeout: TIMEOUT_MS,
			...hostOf(context.baseUrl)
		});
	}

	/** Runs one SDK call and parses what it answers. `subject` completes "Stripe did not give …". */
	async get<Schema extends z.ZodType>(
		subject: string,
		schema: Schema,
		run: (sdk: Stripe) => Promise<unknown>
	): Promise<z.infer<Schema>> {
		this.#failure = null;
		let answer: unknown;
		try {
			answer = await run(this.sdk);
		} catch (error) {
			throw this.#known(error, subject);
		}
		const parsed = schema.safeParse(answer);
		if (parsed.success) return parsed.data;
		const where = parsed.error.issues[0]?.path.join('.') || 'the answer';
		throw new IntegrationError('bad_response', `Stripe's answer for ${subject} is not readable at ${where}.`);
	}

	/** One page of a list, newest first. */
	async list<Schema extends z.ZodObject<{ id: z.ZodString }>>(
		subject: string,
		schema: Schema,
		run: (sdk: Stripe) => Promise<ListAnswer>
	): Promise<StripeList<z.infer<Schema>>> {
		const { data, has_more } = await this.get(subject, listSchema, run);
		const items = z.array(schema).safeParse(data);
		if (!items.success) {
			const where = items.error.issues[0]?.path.join('.') ?? 'the list';
			throw new IntegrationError('bad_response', `Stripe's list of ${subject} is not readable at ${where}.`);
		}
		const last = z.object({ id: z.string() }).safeParse(items.data.at(-1));
		return { items: items.data, after: has_more && last.success ? last.data.id : null };
	}

	#known(error: unknown, subject: string): unknown {
		const failure = this.#failure ?? error;
		if (!(failure instanceof IntegrationError)) {
			return new IntegrationError('bad_response', `Stripe's answer for ${subject} is not readable.`, {}, failure);
		}
		const { kind, details } = failure;
		if (kind === 'permission') return new IntegrationError(kind, `The key may not read ${subject}.`, details);
		if (kind === 'not_found') {
			return new IntegrationError(kind, `Stripe does not offer ${subject} to this account.`, details);
		}
		return failure;
	}

	#refusal(status: number, headers: Headers, body: string): IntegrationError {
		const { messages } = INTEGRATIONS.stripe;
		if (isRateLimit(status, headers, body)) {
			const details = { status, retryAt: rateLimitEnd(headers, this.#now()) };
			return new IntegrationError('rate_limited', sentence('rate_limited', 'Stripe', messages, status), details);
		}
		if (isStaleCursor(body)) {
			const message = 'The list changed at Stripe while it was being read; the next sync starts it over.';
			return new IntegrationError('bad_response', message, { status });
		}
		const kind = kindOfStatus(status);
		return new IntegrationError(kind, sentence(kind, 'Stripe', messages, status), { status });
	}
}

function isObject(body: string): boolean {
	try {
		return z.record(z.string(), z.unknown()).safeParse(JSON.parse(body)).success;
	} catch {
		return false;
	}
}

/** The object that a page should start after was deleted in between. */
function isStaleCursor(body: string): boolean {
	if (!body.includes('starting_after')) return false;
	try {
		return problem.parse(JSON.parse(body)).error.param === 'starting_after';
	} catch {
		return false;
	}
}

/** The SDK takes a replaced base URL in parts. */
function hostOf(baseUrl: string | null): Pick<Stripe.StripeConfig, 'host' | 'port' | 'protocol'> {
	if (baseUrl === null) return {};
	const { hostname, port, protocol } = new URL(baseUrl);
	const secure = protocol === 'https:';
	return { host: hostname, port: port || (secure ? '443' : '80'), protocol: secure ? 'https' : 'http' };
}
