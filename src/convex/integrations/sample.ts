'use node';
/** The sample company: believable numbers made from nothing but the day, the same for everybody. */
import { addDays } from '../../lib/metrics/days.ts';
import type { Day, Point } from '../../lib/metrics/types.ts';
import { dayStartMs, today } from '../../lib/metrics/zones.ts';
import type { FetchRequest, MetricsPage, TestResult } from '../lib/contract.ts';
import { dayWindows } from '../lib/windows.ts';

const DAYS_PER_PAGE = 50;
/** Days behind today whose money may still be restated. */
const PROVISIONAL_DAYS = 3;
const COMPANY = 'Nordlicht Coffee (sample)';

/** 0..1, the same for the same word and day. */
function noise(word: string, day: number): number {
	let hash = 2_166_136_261 ^ day;
	for (const letter of `${word}:${day}`) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 16_777_619);
	hash = Math.imul(hash ^ (hash >>> 15), 2_246_822_507);
	hash = Math.imul(hash ^ (hash >>> 13), 3_266_489_909);
	return ((hash ^ (hash >>> 16)) >>> 0) / 4_294_967_296;
}

/** Days since the company opened, 1 January 2025. */
function age(day: Day): number {
	return Math.round((Date.parse(day) - Date.parse('2025-01-01')) / 86_400_000);
}

/** Monday to Sunday: an online shop is busiest on Sunday evening and quiet on Saturday. */
const SHOP_WEEK = [1.08, 1.02, 0.98, 0.97, 0.94, 0.86, 1.15];
/** People at work look at the product on working days. */
const OFFICE_WEEK = [1.12, 1.16, 1.15, 1.12, 1.02, 0.72, 0.71];

function weekly(week: readonly number[], day: Day): number {
	return week[(new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7] ?? 1;
}

/** Growth of about `perYear` (0.6 = 60 %), with two slow waves that keep it from looking drawn with a ruler. */
function growth(n: number, perYear: number): number {
	return (1 + perYear) ** (n / 365) * (1 + 0.05 * Math.sin(n / 29) + 0.03 * Math.sin(n / 11 + 2));
}

/** The weeks before Christmas sell more; the last week of July sells less. */
function season(day: Day): number {
	const monthDay = day.slice(5);
	if (monthDay >= '11-20' && monthDay <= '12-20') return 1.28;
	return monthDay >= '07-20' && monthDay <= '08-05' ? 0.86 : 1;
}

function around(word: string, n: number, spread: number): number {
	return 1 + spread * (noise(word, n) + noise(`${word}'`, n) - 1);
}

function orders(day: Day): number {
	const n = age(day);
	return 64 * growth(n, 0.7) * weekly(SHOP_WEEK, day) * season(day) * around('orders', n, 0.22);
}

function visits(country: string, share: number, day: Day): number {
	const n = age(day);
	return 2_400 * share * growth(n, 0.55) * weekly(SHOP_WEEK, day) * season(day) * around(country, n, 0.18);
}

function outage(n: number): boolean {
	return noise('outage', Math.floor(n / 2)) > 0.98;
}

interface SampleSeries {
	readonly dimension: string;
	readonly currency?: string;
	/** The value of a whole day; "nothing" is a day on which nothing was measured, "gap" one that was never kept. */
	readonly value: (day: Day) => number | 'nothing' | 'gap';
	/** Grows from 0 during the day (a sum) instead of holding all day (a level). */
	readonly accrues: boolean;
	readonly restated?: boolean;
}

const whole = Math.round;

const SERIES: Readonly<Record<string, readonly SampleSeries[]>> = {
	'sample.revenue': [
		{
			dimension: 'EUR',
			currency: 'EUR',
			accrues: true,
			restated: true,
			value: (day) => whole(orders(day) * 3_140 * around('basket', age(day), 0.1))
		},
		{
			dimension: 'USD',
			currency: 'USD',
			accrues: true,
			restated: true,
			value: (day) => whole(orders(day) * 1_260 * growth(age(day), 0.25) * around('us', age(day), 0.3))
		}
	],
	'sample.refunds': [
		{
			dimension: 'EUR',
			currency: 'EUR',
			accrues: true,
			restated: true,
			value: (day) =>
				noise('refund', age(day)) < 0.12 ? 'nothing' : whole(orders(day) * 90 * around('refund', age(day), 0.8))
		}
	],
	'sample.mrr': [
		{
			dimension: 'EUR',
			currency: 'EUR',
			accrues: false,
			value: (day) => whole(1_180_000 * growth(age(day) - (age(day) % 3), 0.8))
		},
		{
			dimension: 'USD',
			currency: 'USD',
			accrues: false,
			value: (day) => whole(420_000 * growth(age(day) - (age(day) % 4), 1.1))
		}
	],
	'sample.signups': [
		{ dimension: '', accrues: true, value: (day) => whole(orders(day) * 0.42 * around('signups', age(day), 0.35)) }
	],
	'sample.visits': [
		['DE', 0.46],
		['US', 0.27],
		['AT', 0.15],
		['JP', 0.12]
	].map(([country, share]) => ({
		dimension: String(country),
		accrues: true,
		// The counter was broken for four days in every half year or so.
		value: (day: Day) =>
			((age(day) % 173) + 173) % 173 < 4 ? 'gap' : whole(visits(String(country), Number(share), day))
	})),
	'sample.conversion': [
		{
			dimension: '',
			accrues: false,
			value: (day) => Math.round(310 * growth(age(day), 0.08) * around('conversion', age(day), 0.16)) / 100
		}
	],
	'sample.active_users': [
		{
			dimension: '',
			accrues: false,
			value: (day) => whole(820 * growth(age(day), 0.9) * weekly(OFFICE_WEEK, day) * around('active', age(day), 0.08))
		}
	],
	'sample.requests': [
		{
			dimension: '',
			accrues: false,
			value: (day) =>
				Math.round(180 * growth(age(day), 0.9) * weekly(OFFICE_WEEK, day) * around('requests', age(day), 0.1)) / 10
		}
	],
	'sample.response_time': [
		{
			dimension: '',
			accrues: false,
			value: (day) =>
				Math.round((outage(age(day)) ? 410 : 142) * weekly(OFFICE_WEEK, day) * around('latency', age(day), 0.2)) / 1_000
		}
	],
	'sample.errors': [
		{
			dimension: '',
			accrues: true,
			value: (day) =>
				noise('errors', age(day)) < 0.06
					? 'nothing'
					: whole((outage(age(day)) ? 240 : 9) * around('errors', age(day), 0.9))
		}
	],
	'sample.storage': [
		{
			dimension: '',
			accrues: false,
			value: (day) => whole(48e9 + age(day) * 61e6 + 2e9 * noise('storage', Math.floor(age(day) / 7)))
		}
	],
	'sample.open_tickets': [
		{
			dimension: '',
			accrues: false,
			value: (day) => whole(14 * weekly(OFFICE_WEEK, day) * around('tickets', age(day), 0.7))
		}
	]
};

function dayPoint(metricId: string, series: SampleSeries, day: Day, now: Day, elapsed: number): Point | null {
	const value = series.value(day);
	if (value === 'gap') return null;
	const { dimension, currency } = series;
	const point = { metricId, dimension, day, ...(currency === undefined ? {} : { currency }) };
	if (value === 'nothing') return { ...point, value: null, state: 'no_data' };
	if (day === now) return { ...point, value: series.accrues ? Math.floor(value * elapsed) : value, state: 'partial' };
	const provisional = series.restated === true && day > addDays(now, -1 - PROVISIONAL_DAYS);
	return { ...point, value, state: provisional ? 'provisional' : 'complete' };
}

export async function testSampleConnection(): Promise<TestResult> {
	const details = { Contents: 'A made-up coffee shop, 400 days of it' };
	return { success: true, accountInfo: { id: 'sample', name: COMPANY, details } };
}

/** Makes the points of the asked days, 50 days a page. Days after today do not exist. */
export async function* fetchSampleMetrics(
	_credentials: object,
	request: FetchRequest<object>
): AsyncGenerator<MetricsPage> {
	const { metricIds, timeZone } = request;
	for (const { days, checkpoint, progress } of dayWindows(request, DAYS_PER_PAGE)) {
		const nowMs = request.now();
		const now = today(timeZone, nowMs);
		const startMs = dayStartMs(now, timeZone);
		const elapsed = (nowMs - startMs) / (dayStartMs(addDays(now, 1), timeZone) - startMs);
		const points = metricIds.flatMap((metricId) =>
			(SERIES[metricId] ?? []).flatMap((series) => days.map((day) => dayPoint(metricId, series, day, now, elapsed)))
		);
		yield { points: points.filter((point) => point !== null), checkpoint, progress };
	}
}
