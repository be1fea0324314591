'use node';
/** Google Analytics 4: how its numbers are read. What they mean is said in `src/lib/server/integrations/google-analytics.ts`. */
import { toMinor } from '../../lib/metrics/currencies.ts';
import type { Day, Point } from '../../lib/metrics/types.ts';
import { today } from '../../lib/metrics/zones.ts';
import type {
	FetchRequest,
	IntegrationContext,
	MetricsPage,
	MissingMetric,
	TestContext,
	TestResult
} from '../lib/contract.ts';
import { IntegrationError } from '../lib/errors.ts';
import { finiteNumber, testFailure } from '../lib/parse.ts';
import { dayWindows } from '../lib/windows.ts';
import { AnalyticsApi } from './googleAnalyticsApi.ts';
import type { Report } from './googleAnalyticsApi.ts';

export interface GoogleAnalyticsSettings {
	/** `properties/123`; '' before it is chosen. */
	readonly property: string;
}

interface Group {
	/** Google's name of what splits the metrics; null: nothing does. */
	readonly dimension: string | null;
	/** Days of one report: few enough for one page of it in most properties. */
	readonly days: number;
	/** Google's name by metric. */
	readonly metrics: Readonly<Record<string, string>>;
}

/** https://developers.google.com/analytics/devguides/reporting/data/v1/api-schema */
const GROUPS: readonly Group[] = [
	{
		dimension: null,
		days: 92,
		metrics: {
			'google-analytics.users': 'activeUsers',
			'google-analytics.new_users': 'newUsers',
			'google-analytics.sessions': 'sessions',
			'google-analytics.engaged_sessions': 'engagedSessions',
			'google-analytics.views': 'screenPageViews',
			'google-analytics.events': 'eventCount',
			'google-analytics.conversions': 'keyEvents',
			'google-analytics.revenue': 'totalRevenue'
		}
	},
	{
		dimension: 'sessionDefaultChannelGroup',
		days: 46,
		metrics: {
			'google-analytics.sessions_by_channel': 'sessions',
			'google-analytics.users_by_channel': 'activeUsers',
			'google-analytics.conversions_by_channel': 'keyEvents'
		}
	},
	{ dimension: 'country', days: 31, metrics: { 'google-analytics.sessions_by_country': 'sessions' } }
];
const REVENUE = 'google-analytics.revenue';

const PROPERTY = /^properties\/\d{1,20}$/;

/**
 * Reads days as the property counts them, one report per window. A day of which the report says nothing is `no_data`;
 * if the report may hold rows back, it is no point at all. Throws IntegrationError.
 */
export async function* fetchGoogleAnalyticsMetrics(
	request: FetchRequest<GoogleAnalyticsSettings>
): AsyncGenerator<MetricsPage> {
	const property = chosen(request.settings);
	const group = GROUPS.find(({ metrics }) => request.metricIds.some((id) => id in metrics));
	if (!group) return;
	const wanted = Object.entries(group.metrics).filter(([id]) => request.metricIds.includes(id));
	const api = new AnalyticsApi(request);
	for (const { days, checkpoint, progress } of dayWindows(request, group.days)) {
		const [from = '', to = from] = [days[0], days.at(-1)];
		const dimensions = ['date', ...(group.dimension === null ? [] : [group.dimension])];
		const report = await api.report({ property, from, to, dimensions, metrics: wanted.map(([, name]) => name) });
		sameZone(report, request.timeZone);
		const reading = new Reading(report, group.dimension, days, today(request.timeZone, request.now()));
		const points = wanted.flatMap(([id, name]) => reading.pointsOf(id, name, request.knownDimensions?.[id] ?? []));
		yield { points, checkpoint, progress, missing: wanted.flatMap(([id, name]) => reading.missing(id, name)) };
	}
}

/** One report as points. */
class Reading {
	readonly #metadata: Report['metadata'];
	readonly #dimension: string | null;
	readonly #days: readonly Day[];
	readonly #today: Day;
	/** Rows by day, then by the value of the dimension. */
	readonly #rows = new Map<Day, Map<string, ReadonlyMap<string, string>>>();
	readonly #restricted: ReadonlySet<string>;

	constructor({ rows, metadata }: Report, dimension: string | null, days: readonly Day[], now: Day) {
		this.#metadata = metadata;
		this.#dimension = dimension;
		this.#days = days;
		this.#today = now;
		const restrictions = metadata.schemaRestrictionResponse?.activeMetricRestrictions ?? [];
		this.#restricted = new Set(restrictions.map(({ metricName }) => metricName ?? ''));
		for (const row of rows) {
			const day = (row.get('date') ?? '').replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');
			if (!days.includes(day)) throw unexpected('it has a day that was not asked for');
			const ofDay = this.#rows.get(day) ?? new Map<string, ReadonlyMap<string, string>>();
			this.#rows.set(day, ofDay.set(dimension === null ? '' : (row.get(dimension) ?? ''), row));
		}
	}

	/** Google left rows out, or says that it knows of a reason for there being none: silence then means nothing. */
	get #holdsBack(): boolean {
		const { subjectToThresholding, dataLossFromOtherRow, emptyReason } = this.#metadata;
		const lossy = this.#dimension !== null && dataLossFromOtherRow === true;
		return subjectToThresholding === true || lossy || Boolean(emptyReason);
	}

	/** A part was counted and the rest estimated, or something is lacking: such a number is never called final. */
	#stateOf(day: Day): Point['state'] {
		if (day === this.#today) return 'partial';
		const sampled = (this.#metadata.samplingMetadatas ?? []).length > 0;
		return sampled || this.#holdsBack ? 'provisional' : 'complete';
	}

	/** `known` are the values of the dimension in which there is a series already. */
	pointsOf(metricId: string, name: string, known: readonly string[]): Point[] {
		if (this.#restricted.has(name)) return [];
		const currency = metricId === REVENUE ? this.#currency() : undefined;
		if (this.#dimension === null)
			return this.#days.flatMap((day) => this.#point(metricId, name, day, '', currency) ?? []);
		const seen = new Set(known);
		for (const ofDay of this.#rows.values()) for (const value of ofDay.keys()) seen.add(value);
		return [...seen].flatMap((value) =>
			this.#days.flatMap((day) => this.#point(metricId, name, day, value, undefined) ?? [])
		);
	}

	/** Why a metric that was asked for is not in the report. */
	missing(metricId: string, name: string): MissingMetric[] {
		if (!this.#restricted.has(name)) return [];
		const message =
			'The role of the Google account in this property does not let it see revenue. Ask an administrator of the property to change that.';
		return [{ metricId, kind: 'permission', message }];
	}

	#point(metricId: string, name: string, day: Day, value: string, currency: string | undefined): Point | null {
		const ofDay = this.#rows.get(day);
		const row = ofDay?.get(value);
		const about = { metricId, dimension: currency ?? value, day, ...(currency === undefined ? {} : { currency }) };
		if (row) {
			const number = finiteNumber(row.get(name));
			if (number === null) throw unexpected(`it has no number for ${name} on ${day}`);
			return {
				...about,
				value: currency === undefined ? number : toMinor(number, currency),
				state: this.#stateOf(day)
			};
		}
		// Of today nothing can be said yet, and what is held back is not nothing.
		if (day === this.#today || this.#holdsBack) return null;
		// On a day that was counted, who does not appear was not there.
		return ofDay ? { ...about, value: 0, state: this.#stateOf(day) } : { ...about, value: null, state: 'no_data' };
	}

	#currency(): string {
		const { currencyCode } = this.#metadata;
		if (!/^[A-Z]{3}$/.test(currencyCode ?? '')) throw unexpected('it does not say in which currency revenue is');
		return currencyCode ?? '';
	}
}

function sameZone({ metadata: { timeZone } }: Report, counted: string): void {
	if (!timeZone || timeZone === counted) return;
	throw new IntegrationError(
		'config',
		`The property counts its days in the zone ${timeZone} now, and this connection in ${counted}. Reconnect it, so that all days are fetched anew.`
	);
}

function unexpected(what: string): IntegrationError {
	return new IntegrationError('bad_response', `Google’s report is not what was asked for: ${what}.`);
}

function chosen({ property }: GoogleAnalyticsSettings): string {
	if (PROPERTY.test(property)) return property;
	throw new IntegrationError('config', 'Choose a property.', { field: 'property' });
}

/**
 * Asks Google which properties there are; once one is chosen, for its zone and currency, and for a report of it, so that
 * what would stop a sync is said here.
 */
export async function testGoogleAnalyticsConnection(
	context: TestContext<GoogleAnalyticsSettings>
): Promise<TestResult> {
	try {
		return context.settings?.property
			? await testProperty(context, chosen(context.settings))
			: await testAccount(context);
	} catch (error) {
		return testFailure(error);
	}
}

async function testAccount(context: TestContext<GoogleAnalyticsSettings>): Promise<TestResult> {
	const properties = await new AnalyticsApi(context).properties();
	if (properties.length === 0)
		throw new IntegrationError(
			'not_found',
			'This Google account sees no Google Analytics property. Sign in with another one, or have it added to the property as a viewer.'
		);
	const { identity } = context;
	return {
		success: true,
		accountInfo: {
			id: identity?.subject ?? 'google',
			name: identity?.name ?? 'Google Analytics',
			details: { Properties: String(properties.length) },
			choices: {
				property: properties.map(({ name, title, account }) => ({
					value: name,
					label: title,
					detail: account,
					preselected: properties.length === 1
				}))
			}
		}
	};
}

async function testProperty(context: TestContext<GoogleAnalyticsSettings>, name: string): Promise<TestResult> {
	const api = new AnalyticsApi(context);
	const { displayName, timeZone, currencyCode, deleteTime } = await api.property(name);
	if (deleteTime) throw new IntegrationError('not_found', `${displayName} lies in the trash of Google Analytics.`);
	await probe(api, name, context);
	const details = new Map([
		...(context.identity ? [['Google account', context.identity.name] as const] : []),
		['Property', name.replace('properties/', '')],
		...(currencyCode ? [['Currency', currencyCode] as const] : []),
		['Time zone', timeZone]
	]);
	return {
		success: true,
		accountInfo: {
			id: name,
			name: displayName,
			details: Object.fromEntries(details),
			timeZone,
			...(currencyCode ? { currency: currencyCode } : {})
		}
	};
}

/** The smallest report there is: it shows whether the Data API may be used, and this property be read. */
async function probe(api: AnalyticsApi, property: string, { now }: IntegrationContext): Promise<void> {
	const day = today('UTC', now());
	await api.report({ property, from: day, to: day, dimensions: ['date'], metrics: ['sessions'] });
}
