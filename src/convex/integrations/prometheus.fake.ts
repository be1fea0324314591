/** A Prometheus that began to scrape `size` days ago: 4 targets, 1,000 samples a day, and an orders counter. */
import type { Answer, FakeRequest, Respond } from './fake.suite.ts';

export const PASSWORD = 'planted-PASSWORD-5e2a/+ü';
export const USERNAME = 'reader';
export const NOW = Date.parse('2026-11-23T14:00:00Z');
const DAY_MS = 86_400_000;

const EXPECTED = `Basic ${Buffer.from(`${USERNAME}:${PASSWORD}`).toString('base64')}`;
const VALUES: readonly (readonly [RegExp, string])[] = [
	[/^avg_over_time\(sum\(up\)/, '3.5'],
	[/^max_over_time\(\(count\(up\)/, '1'],
	[/samples_appended_total/, '1000.0004'],
	[/^last_over_time\(sum\(prometheus_tsdb_head_series/, '965'],
	[/^sum\(increase\(orders_total\[\d+s\]\)\)$/, '24'],
	[/^sum\(up\)$/, '3'],
	[/^count\(up\)$/, '4']
];

const success = (data: unknown): Answer => ({ body: { status: 'success', data } });
const refused = (error: string): Answer => ({ status: 400, body: { status: 'error', errorType: 'bad_data', error } });

function instants(query: URLSearchParams): number[] {
	const [start, end, step] = ['start', 'end', 'step'].map((key) => Number(query.get(key)));
	if (start === undefined || end === undefined || step === undefined || !(step > 0)) return [];
	return Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, index) => start + index * step);
}

function answer(request: FakeRequest, size: number): Answer {
	if (request.headers['authorization'] !== EXPECTED) return { status: 401, body: 'Unauthorized\n' };
	if (request.path === '/api/v1/status/buildinfo') return success({ version: '2.42.0', revision: 'x' });
	const promql = request.query.get('query') ?? '';
	const value = VALUES.find(([pattern]) => pattern.test(promql))?.[1];
	if (value === undefined) return refused('invalid parameter "query": parse error');
	if (request.path === '/api/v1/query')
		return success({ resultType: 'vector', result: [{ metric: {}, value: [NOW / 1000, value] }] });
	if (request.path !== '/api/v1/query_range') return { status: 404, body: '404 page not found\n' };
	const times = instants(request.query);
	if (times.length > 11_000) return refused('exceeded maximum resolution of 11,000 points per timeseries.');
	const today = Math.floor(NOW / DAY_MS);
	const kept = times.filter((seconds) => Math.floor((seconds * 1000) / DAY_MS) > today - size);
	return success({
		resultType: 'matrix',
		result: kept.length === 0 ? [] : [{ metric: {}, values: kept.map((at) => [at, value]) }]
	});
}

export const prometheusFake =
	(size: number): Respond =>
	(request) =>
		answer(request, size);
