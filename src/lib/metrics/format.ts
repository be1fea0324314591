/** Numbers as text in the reader's locale. The same locale gives the same text on the server and in the browser. */
import { minorDigits, toMajor } from './currencies.ts';
import type { Unit } from './types.ts';

export interface NumberStyle {
	readonly unit: Unit;
	/** ISO code; only money has one. */
	readonly currency: string | null;
	/** BCP 47. */
	readonly locale: string;
}

/** From here on tiles shorten numbers: 12.4k, $1.28M. */
const COMPACT_FROM = 10_000;
const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
const formatters = new Map<string, Intl.NumberFormat>();

/** Short, for tiles and axes. `value` as stored: minor units for money, 0..100 for percent, seconds, bytes. */
export function formatCompact(value: number, style: NumberStyle): string {
	switch (style.unit) {
		case 'money':
			return moneyCompact(value, style);
		case 'percent':
			return plain(value / 100, style.locale, { style: 'percent', maximumFractionDigits: 2 });
		case 'duration':
			return duration(value, style.locale);
		case 'bytes':
			return bytes(value, style.locale);
		case 'rate':
			return `${shortNumber(value, style.locale)}/s`;
		case 'count':
		case 'number':
			return shortNumber(value, style.locale);
	}
}

/** Every digit that is meant, for hovers and tables. */
export function formatExact(value: number, style: NumberStyle): string {
	const { locale } = style;
	switch (style.unit) {
		case 'money':
			return money(value, style, minorDigits(style.currency ?? ''));
		case 'percent':
			return plain(value / 100, locale, { style: 'percent', maximumFractionDigits: 3 });
		case 'duration':
			return value < 60 ? duration(value, locale) : `${duration(value, locale)} (${plain(value, locale)} s)`;
		case 'bytes':
			return `${plain(value, locale)} B`;
		case 'rate':
			return `${plain(value, locale, { maximumFractionDigits: 6 })}/s`;
		case 'count':
		case 'number':
			return plain(value, locale, { maximumFractionDigits: 6 });
	}
}

/** A relative change with its sign: 0.123 is `+12.3%`. From 10 on, as a factor: `×14`. */
export function formatFraction(fraction: number, locale: string): string {
	if (fraction >= 10) return `×${plain(fraction + 1, locale, { maximumFractionDigits: 0 })}`;
	const maximumFractionDigits = Math.abs(fraction) < 1 ? 1 : 0;
	return plain(fraction, locale, { style: 'percent', signDisplay: 'exceptZero', maximumFractionDigits });
}

/** A difference with its sign, in the metric's unit; percentages differ by points. */
export function formatDifference(difference: number, style: NumberStyle): string {
	if (style.unit === 'percent')
		return `${plain(difference, style.locale, { signDisplay: 'exceptZero', maximumFractionDigits: 1 })} points`;
	const sign = difference > 0 ? '+' : difference < 0 ? '−' : '';
	return sign + formatCompact(Math.abs(difference), style);
}

function moneyCompact(minor: number, style: NumberStyle): string {
	const major = Math.abs(toMajor(minor, style.currency ?? ''));
	const digits = minorDigits(style.currency ?? '');
	if (major >= COMPACT_FROM) return money(minor, style, digits, { notation: 'compact', ...threeDigits });
	return money(minor, style, major >= 1000 || Number.isInteger(major) ? 0 : digits);
}

const threeDigits = { minimumFractionDigits: undefined, maximumFractionDigits: undefined, maximumSignificantDigits: 3 };

function money(minor: number, style: NumberStyle, digits: number, more: Intl.NumberFormatOptions = {}): string {
	const currency = style.currency ?? 'XXX';
	return lowerThousand(
		formatter(style.locale, {
			style: 'currency',
			currency,
			minimumFractionDigits: digits,
			maximumFractionDigits: digits,
			...more
		}),
		toMajor(minor, currency)
	);
}

function shortNumber(value: number, locale: string): string {
	if (Math.abs(value) >= COMPACT_FROM) {
		return lowerThousand(formatter(locale, { notation: 'compact', maximumSignificantDigits: 3 }), value);
	}
	return plain(value, locale, Math.abs(value) < 10 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 1 });
}

function bytes(value: number, locale: string): string {
	const power = Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log10(Math.max(1, Math.abs(value))) / 3));
	return `${plain(value / 1000 ** power, locale, { maximumSignificantDigits: 3 })} ${BYTE_UNITS[power]}`;
}

function duration(seconds: number, locale: string): string {
	const size = Math.abs(seconds);
	const sign = seconds < 0 ? '−' : '';
	if (size > 0 && size < 1) return `${sign}${plain(size * 1000, locale, { maximumSignificantDigits: 3 })} ms`;
	if (size < 60) return `${sign}${plain(size, locale, { maximumSignificantDigits: 3 })} s`;
	const whole = Math.round(size);
	if (whole < 3600) return sign + pair(Math.floor(whole / 60), 'min', whole % 60, 's', locale);
	if (whole < 86_400) return sign + pair(Math.floor(whole / 3600), 'h', Math.floor((whole % 3600) / 60), 'min', locale);
	return sign + pair(Math.floor(whole / 86_400), 'd', Math.floor((whole % 86_400) / 3600), 'h', locale);
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string, locale: string): string {
	const text = `${plain(large, locale)} ${largeUnit}`;
	return small === 0 ? text : `${text} ${small} ${smallUnit}`;
}

function plain(
	value: number,
	locale: string,
	options: Intl.NumberFormatOptions = { maximumFractionDigits: 3 }
): string {
	return formatter(locale, options).format(value);
}

/** English prints 12.4K; a small k is the SI one. */
function lowerThousand(format: Intl.NumberFormat, value: number): string {
	return format
		.formatToParts(value)
		.map((part) => (part.type === 'compact' && part.value === 'K' ? 'k' : part.value))
		.join('');
}

function formatter(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
	const key = locale + JSON.stringify(options);
	let found = formatters.get(key);
	if (!found) {
		found = new Intl.NumberFormat(locale, options);
		formatters.set(key, found);
	}
	return found;
}
