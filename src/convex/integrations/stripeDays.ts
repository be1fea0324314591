/** Counts and money by day from a Stripe list that comes newest first. */
import { z } from 'zod';
import { addDays, dayNumber, eachDay } from '../../lib/metrics/days.ts';
import type { Day, Point } from '../../lib/metrics/types.ts';
import { dayOf, dayStartMs } from '../../lib/metrics/zones.ts';
import type { Json } from '../lib/contract.ts';
import { resume } from './steps.ts';
import type { StepPage } from './steps.ts';
import type { StripeList } from './stripeApi.ts';
import { ownMinor } from './stripeMoney.ts';

/** Days and dimensions of one fetch. */
export interface StripeJob {
	readonly startDate: Day;
	/** Last day wanted; never after `today`. */
	readonly endDate: Day;
	readonly today: Day;
	readonly timeZone: string;
	/** Now, in Unix seconds. */
	readonly now: number;
	/** Currencies in which a metric already has a series. */
	readonly knownCurrencies: (metricId: string) => readonly string[];
}

/** What one object adds to a metric on the day it was created. */
export interface Contribution {
	readonly metricId: string;
	/** Lower-case code, for money only. */
	readonly currency?: string;
	/** Stripe's minor units for money. */
	readonly value: number;
	/** The object may still change this number: the day is provisional. */
	readonly open?: boolean;
}

interface Created {
	readonly id: string;
	/** Unix seconds. */
	readonly created: number;
}

export interface DaySource<Item extends Created> {
	/** Metrics that count objects: every day read has a number. */
	readonly counts: readonly string[];
	/** Metrics of money: every day read has a number in every currency that was seen. */
	readonly sums: readonly string[];
	/** One page of objects created in the range (Unix seconds, both included), newest first. */
	readonly list: (range: { gte: number; lte: number }, after: string | undefined) => Promise<StripeList<Item>>;
	readonly contributions: (item: Item) => readonly Contribution[];
}

const cell = z.object({ value: z.number(), open: z.boolean() });
const stateSchema = z.object({
	after: z.string().optional(),
	/** Newest day not yet given out. */
	cursor: z.string(),
	currencies: z.array(z.string()),
	/** Days not yet read to their end: metric and currency to number. */
	cells: z.record(z.string(), z.record(z.string(), cell))
});
type State = z.infer<typeof stateSchema>;
type Cells = State['cells'];

function keyOf(metricId: string, currency = ''): string {
	return `${metricId} ${currency.toUpperCase()}`;
}

/**
 * Reads the days of the job, newest first; a day is given out once an older object, or the end, was seen. A currency
 * that turns up only on an older day is written as zero on the newer days, which were read already.
 */
export async function* readDays<Item extends Created>(
	job: StripeJob,
	source: DaySource<Item>,
	saved: Json
): AsyncIterable<StepPage> {
	const range = {
		gte: dayStartMs(job.startDate, job.timeZone) / 1000,
		lte: dayStartMs(addDays(job.endDate, 1), job.timeZone) / 1000 - 1
	};
	const state: State =
		saved === null
			? {
					cursor: job.endDate,
					currencies: [...new Set(source.sums.flatMap((metricId) => job.knownCurrencies(metricId)))],
					cells: {}
				}
			: resume(stateSchema, saved);
	for (;;) {
		const page = await source.list(range, state.after);
		const fresh = new Set<string>();
		for (const item of page.items) {
			const day = dayOf(item.created * 1000, job.timeZone);
			if (day < job.startDate || day > state.cursor) continue;
			for (const contribution of source.contributions(item)) {
				add(state.cells, day, contribution);
				const currency = contribution.currency?.toUpperCase();
				if (currency !== undefined && !state.currencies.includes(currency)) fresh.add(currency);
			}
		}
		const oldest = page.items.at(-1);
		const readTo =
			page.after === null || oldest === undefined
				? job.startDate
				: addDays(dayOf(oldest.created * 1000, job.timeZone), 1);
		const points = [
			...eachDay(addDays(state.cursor, 1), job.endDate).flatMap((day) => moneyPoints(job, source, {}, day, [...fresh])),
			...dayPoints(job, source, state, readTo, fresh)
		];
		state.currencies.push(...fresh);
		for (const day of Object.keys(state.cells)) if (day >= readTo) delete state.cells[day];
		if (readTo <= state.cursor) state.cursor = addDays(readTo, -1);
		if (page.after === null) {
			yield { points, state: undefined, fraction: 1 };
			return;
		}
		state.after = page.after;
		const all = dayNumber(job.endDate) - dayNumber(job.startDate) + 1;
		const fraction = (dayNumber(job.endDate) - dayNumber(state.cursor)) / (all + 1);
		yield { points, state: { ...structuredClone(state), after: page.after }, fraction };
	}
}

function add(cells: Cells, day: Day, { metricId, currency, value, open = false }: Contribution): void {
	const row = (cells[day] ??= {});
	const key = keyOf(metricId, currency);
	const before = row[key] ?? { value: 0, open: false };
	row[key] = { value: before.value + value, open: before.open || open };
}

/** Points of the days from the state's cursor down to `readTo`. */
function dayPoints<Item extends Created>(
	job: StripeJob,
	source: DaySource<Item>,
	state: State,
	readTo: Day,
	fresh: ReadonlySet<string>
): Point[] {
	const currencies = [...state.currencies, ...fresh];
	return eachDay(readTo, state.cursor).flatMap((day) => {
		const row = state.cells[day] ?? {};
		const counts = source.counts.map((metricId) => dayPoint(job, metricId, day, row[keyOf(metricId)]));
		return [...counts, ...moneyPoints(job, source, row, day, currencies)];
	});
}

function moneyPoints<Item extends Created>(
	job: StripeJob,
	source: DaySource<Item>,
	row: Cells[string],
	day: Day,
	currencies: readonly string[]
): Point[] {
	return source.sums.flatMap((metricId) =>
		currencies.map((currency) => dayPoint(job, metricId, day, row[keyOf(metricId, currency)], currency))
	);
}

function dayPoint(
	job: StripeJob,
	metricId: string,
	day: Day,
	found: z.infer<typeof cell> = { value: 0, open: false },
	currency?: string
): Point {
	const state = day === job.today ? 'partial' : found.open ? 'provisional' : 'complete';
	if (currency === undefined) return { metricId, dimension: '', day, value: found.value, state };
	return { metricId, dimension: currency, day, value: ownMinor(found.value, currency), state, currency };
}
