import { describe, expect, it } from 'vitest';
import { ownMinor } from './stripeMoney.ts';

describe("Stripe's amounts as minor units of ISO 4217", () => {
	it.each([
		['USD', 1999, 1999],
		['jpy', 500, 500],
		['KWD', 1500, 1500],
		// Stripe writes whole krónur and shillings with two zeros behind.
		['ISK', 50_000, 500],
		['UGX', 370_000, 3700],
		['CLP', 990, 990],
		['HUF', 200_000, 200_000],
		['EUR', 10.5, 11],
		['EUR', -0.2, 0]
	])('%s %d is %d', (currency, amount, expected) => expect(ownMinor(amount, currency)).toBe(expected));
});
