/** Money as Stripe writes it and as we store it: integer minor units, with different ideas of a few currencies. */
import { minorDigits } from '../../lib/metrics/currencies.ts';

/** Currencies that Stripe writes in whole units. */
const ZERO_DECIMAL = new Set('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' '));
/** Currencies that Stripe writes in thousandths. */
const THREE_DECIMAL = new Set('BHD JOD KWD OMR TND'.split(' '));

/** Digits after the point in Stripe's amounts: ISK and UGX have two there, though none in ISO 4217. */
function stripeDigits(currency: string): number {
	const code = currency.toUpperCase();
	if (ZERO_DECIMAL.has(code)) return 0;
	return THREE_DECIMAL.has(code) ? 3 : 2;
}

/** Stripe's amount as integer minor units of ISO 4217. `amount` may have a fraction; the result is rounded. */
export function ownMinor(amount: number, currency: string): number {
	const rounded = Math.round(amount * 10 ** (minorDigits(currency) - stripeDigits(currency)));
	return rounded === 0 ? 0 : rounded;
}
