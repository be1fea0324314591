/** Runs an integration against a fake on loopback, through the real HTTP client, and looks at what it read. */
import type { Point } from '../../lib/metrics/types.ts';
import type { Json, MetricsPage, MissingMetric } from '../lib/contract.ts';
import { createHttpClient } from '../lib/http.ts';
import { startFake } from './fake.suite.ts';
import type { Answer, FakeService, Respond } from './fake.suite.ts';

/** Answers by URL and `Authorization`. */
export type AnswerUrl = (url: URL, authorization: string) => Answer;

export function respondWith(answer: AnswerUrl): Respond {
	return ({ path, query, headers, origin }) =>
		answer(new URL(`${path}?${query}`, origin), String(headers['authorization'] ?? ''));
}

export function serve(answer: AnswerUrl): Promise<FakeService> {
	return startFake(respondWith(answer));
}

/** What an integration is given to reach the loopback server; waiting takes no time. */
export function contextFor(integrationId: string, url: string, secret: string, now: number) {
	const http = createHttpClient({
		integrationId,
		baseUrl: url,
		allowedHosts: null,
		allowPrivate: true,
		secrets: [secret],
		now: () => now,
		sleep: () => Promise.resolve()
	});
	return { http, baseUrl: url, now: () => now };
}

export interface Collected {
	readonly points: readonly Point[];
	readonly missing: readonly MissingMetric[];
	readonly checkpoints: readonly Json[];
	readonly pages: readonly MetricsPage[];
}

/** Reads a fetch to its end; checks that the progress never falls and ends at 1. */
export async function collect(source: AsyncIterable<MetricsPage>): Promise<Collected> {
	const pages: MetricsPage[] = [];
	for await (const page of source) {
		if (page.progress < (pages.at(-1)?.progress ?? 0)) throw new Error('The progress fell.');
		// A checkpoint is stored as JSON.
		pages.push({ ...page, checkpoint: JSON.parse(JSON.stringify(page.checkpoint)) });
	}
	return {
		pages,
		points: pages.flatMap(({ points }) => points),
		missing: pages.flatMap(({ missing }) => missing ?? []),
		checkpoints: pages.map(({ checkpoint }) => checkpoint)
	};
}

/** Values of one series by day. */
export function series(points: readonly Point[], metricId: string, dimension = ''): Record<string, number | null> {
	const own = points.filter((point) => point.metricId === metricId && point.dimension === dimension);
	return Object.fromEntries(own.map(({ day, value }) => [day, value]).toSorted());
}

/** Sum of one series. */
export function total(points: readonly Point[], metricId: string, dimension = ''): number {
	return Object.values(series(points, metricId, dimension)).reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

/** Points as stored: the last one written for a key counts. */
export function stored(points: readonly Point[]): ReadonlyMap<string, Point> {
	return new Map(points.map((point) => [`${point.metricId} ${point.dimension} ${point.day}`, point]));
}
