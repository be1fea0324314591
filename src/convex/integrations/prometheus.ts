'use node';
/** Prometheus: how its numbers are read. What they mean is said in `src/lib/server/integrations/prometheus.ts`. */
import { addDays } from '../../lib/metrics/days.ts';
import type { Day, Point } from '../../lib/metrics/types.ts';
import { dayStartMs, today } from '../../lib/metrics/zones.ts';
import type { FetchRequest, IntegrationContext, MetricsPage, MissingMetric, TestResult } from '../lib/contract.ts';
import { testFailure } from '../lib/parse.ts';
import { dayWindows } from '../lib/windows.ts';
import { PrometheusApi, QueryError, serverRoot } from './prometheusApi.ts';
import type { PrometheusCredentials } from './prometheusApi.ts';

export interface PrometheusSettings {
	/** Metrics of the person's own: name and PromQL. */
	readonly queries: readonly { readonly name: string; readonly query: string }[];
}

/** One question has one instant per day: far below the 11,000 that a server gives, and light enough for its memory. */
const DAYS_PER_PAGE = 30;
const DAY_SECONDS = 86_400;

/** How far Prometheus looks back for a series' newest sample. */
const LOOKBACK_SECONDS = 300;

/**
 * PromQL by metric, asked at the end of each day (today: now). `$day` stands for the seconds of the day that have
 * passed by then, so that nothing of the day before is counted. A subquery looks every 5 minutes, from 0:05 on (`$marks`),
 * because at midnight it would see the samples of the evening before. Where a day has no such moment yet (it, or the
 * server, is younger than that), the newest samples of the day speak for it.
 */
const QUERIES: Readonly<Record<string, string>> = {
	'prometheus.targets_up': 'avg_over_time(sum(up)[$marks:5m]) or sum(last_over_time(up[$day]))',
	'prometheus.targets_down':
		'max_over_time((count(up) - sum(up))[$marks:5m]) or count(last_over_time(up[$day])) - sum(last_over_time(up[$day]))',
	'prometheus.samples_ingested': 'sum(increase(prometheus_tsdb_head_samples_appended_total[$day]))',
	'prometheus.head_series':
		'last_over_time(sum(prometheus_tsdb_head_series)[$marks:5m]) or sum(last_over_time(prometheus_tsdb_head_series[$day]))'
};
/** An increase is extrapolated to the edges of its range, so it is not whole by itself. */
const WHOLE: ReadonlySet<string> = new Set(['prometheus.samples_ingested']);

interface Question {
	readonly metricId: string;
	readonly dimension: string;
	readonly query: string;
}

/** The part of a day that a question covers: up to `endMs`, `seconds` long. */
interface Span {
	readonly day: Day;
	readonly endMs: number;
	readonly seconds: number;
}

function questions(metricIds: readonly string[], settings: PrometheusSettings): Question[] {
	return metricIds.flatMap((metricId) => {
		if (metricId === 'prometheus.custom')
			return settings.queries.map(({ name, query }) => ({ metricId, dimension: name, query }));
		const query = QUERIES[metricId];
		return query === undefined ? [] : [{ metricId, dimension: '', query }];
	});
}

/** Days as runs of equal length one step apart: one range query each. Today, and days of a clock change, stand alone. */
function runs(days: readonly Day[], timeZone: string, nowMs: number): Span[][] {
	const spans = days.map((day) => {
		const startMs = dayStartMs(day, timeZone);
		// The last millisecond of the day: a sample taken at midnight belongs to the next.
		const endMs = Math.min(dayStartMs(addDays(day, 1), timeZone) - 1, nowMs);
		return { day, endMs, seconds: Math.max(1, Math.ceil((endMs - startMs) / 1000)) };
	});
	return spans.reduce<Span[][]>((result, span) => {
		const previous = result.at(-1);
		const last = previous?.at(-1);
		const joins = last?.seconds === span.seconds && span.endMs - last.endMs === DAY_SECONDS * 1000;
		if (previous !== undefined && joins) previous.push(span);
		else result.push([span]);
		return result;
	}, []);
}

async function ask(api: PrometheusApi, question: Question, spans: readonly Span[], now: Day): Promise<Point[]> {
	const [first] = spans;
	if (first === undefined) return [];
	const values = await api.range({
		query: question.query
			.replaceAll('$day', `${first.seconds}s`)
			.replaceAll('$marks', `${Math.max(1, first.seconds - LOOKBACK_SECONDS)}s`),
		start: first.endMs / 1000,
		step: DAY_SECONDS,
		instants: spans.length
	});
	const { metricId, dimension } = question;
	return spans.flatMap(({ day, endMs }): Point[] => {
		const value = values.get(endMs);
		if (value !== undefined)
			return [
				{
					metricId,
					dimension,
					day,
					value: WHOLE.has(metricId) ? Math.round(value) : value,
					state: day === now ? 'partial' : 'complete'
				}
			];
		// Before retention, while the server was down, or a division by zero; of today nothing can be said yet.
		return day === now ? [] : [{ metricId, dimension, day, value: null, state: 'no_data' }];
	});
}

/**
 * Reads days by `query_range`, 30 days a page; days are counted in the request's zone. A query that the server refuses
 * leaves out its metric, by name; everything else that fails throws IntegrationError.
 */
export async function* fetchPrometheusMetrics(
	credentials: PrometheusCredentials,
	request: FetchRequest<PrometheusSettings>
): AsyncGenerator<MetricsPage> {
	const api = new PrometheusApi(credentials, request);
	const asked = questions(request.metricIds, request.settings);
	for (const { days, checkpoint, progress } of dayWindows(request, DAYS_PER_PAGE)) {
		const nowMs = request.now();
		const now = today(request.timeZone, nowMs);
		const points: Point[] = [];
		const missing: MissingMetric[] = [];
		for (const question of asked) {
			try {
				for (const spans of runs(days, request.timeZone, nowMs)) points.push(...(await ask(api, question, spans, now)));
			} catch (error) {
				if (!(error instanceof QueryError)) throw error;
				const subject = question.dimension === '' ? 'a query of ours' : `the query “${question.dimension}”`;
				missing.push({
					metricId: question.metricId,
					kind: 'config',
					message: `Prometheus refused ${subject}: ${error.message}.`
				});
			}
		}
		yield { points, checkpoint, progress, missing };
	}
}

/** Asks for the version and for the targets, and so proves that queries are allowed. */
export async function testPrometheusConnection(
	credentials: PrometheusCredentials,
	context: IntegrationContext
): Promise<TestResult> {
	try {
		const api = new PrometheusApi(credentials, context);
		const version = await api.version();
		const up = await api.now('sum(up)');
		const all = await api.now('count(up)');
		const { host, pathname } = new URL(serverRoot(credentials.baseUrl));
		const id = `${host}${pathname.replace(/\/$/, '')}`;
		const targets = all === null ? 'none yet' : `${up ?? 0} of ${all} up`;
		return {
			success: true,
			accountInfo: { id, name: host, details: { Version: version ?? 'not told', Targets: targets } }
		};
	} catch (error) {
		return testFailure(error);
	}
}
