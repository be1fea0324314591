/**
 * How many minor digits a currency has. Written down rather than asked of Intl: runtimes disagree (some give the digits
 * that shops print, not those of ISO 4217), and stored money must mean the same everywhere.
 */
const ZERO_DECIMAL = 'BIF CLP DJF GNF ISK JPY KMF KRW MGA PYG RWF UGX UYI VND VUV XAF XOF XPF';
const THREE_DECIMAL = 'BHD IQD JOD KWD LYD OMR TND';
const FOUR_DECIMAL = 'CLF UYW';

const DIGITS = new Map<string, number>([
	...ZERO_DECIMAL.split(' ').map((code): [string, number] => [code, 0]),
	...THREE_DECIMAL.split(' ').map((code): [string, number] => [code, 3]),
	...FOUR_DECIMAL.split(' ').map((code): [string, number] => [code, 4])
]);

/** Digits after the point: 2 for EUR, 0 for JPY, 3 for KWD. `currency` in any case; unknown ones have 2. */
export function minorDigits(currency: string): number {
	return DIGITS.get(currency.toUpperCase()) ?? 2;
}

/** Integer minor units (cents) as major units (dollars). */
export function toMajor(minor: number, currency: string): number {
	return minor / 10 ** minorDigits(currency);
}

/** Major units as integer minor units, rounded to the nearest. */
export function toMinor(major: number, currency: string): number {
	return Math.round(major * 10 ** minorDigits(currency));
}
