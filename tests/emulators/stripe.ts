/** Fills the Stripe emulator through its own API, as a shop would. */
import { z } from 'zod';
import { STRIPE_KEY } from './start.ts';

const identified = z.object({ id: z.string() });
const listed = z.object({ data: z.array(identified) });

export class StripeFiller {
	readonly #url: string;

	constructor(url: string) {
		this.#url = url;
	}

	/** Returns the customer's id. */
	async createCustomer(email: string): Promise<string> {
		return identified.parse(await this.#post('/v1/customers', { email })).id;
	}

	/** Charges a customer: a payment intent, confirmed at once. `amount` in minor units. */
	async charge(customer: string, amount: number, currency: string): Promise<void> {
		const intent = identified.parse(
			await this.#post('/v1/payment_intents', {
				amount: String(amount),
				currency,
				customer,
				payment_method: 'pm_card_visa'
			})
		);
		await this.#post(`/v1/payment_intents/${intent.id}/confirm`, {});
	}

	/** How many customers there are; the emulator is born with one of its own. At most 100. */
	async customers(): Promise<number> {
		return listed.parse(await this.#call('GET', '/v1/customers?limit=100')).data.length;
	}

	#post(path: string, body: Record<string, string>): Promise<unknown> {
		return this.#call('POST', path, new URLSearchParams(body));
	}

	async #call(method: string, path: string, body?: URLSearchParams): Promise<unknown> {
		const response = await fetch(this.#url + path, {
			method,
			headers: { authorization: `Bearer ${STRIPE_KEY}` },
			...(body === undefined ? {} : { body })
		});
		if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
		return response.json();
	}
}
