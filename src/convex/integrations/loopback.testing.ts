/** Serves a fake on loopback and runs an integration against it through the real HTTP client. */
import { createServer } from 'node:http';
import type { Json, MetricsPage, MissingMetric } from '../lib/contract.ts';
import { createHttpClient } from '../lib/http.ts';
import type { Point } from '../../lib/metrics/types.ts';

export interface Answer {
	readonly status: number;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body: unknown;
}

export interface Loopback {
	readonly url: string;
	/** Method, path and query of every request, in order. */
	readonly log: string[];
	close(): Promise<void>;
}

/** A string body is sent as it is, anything else as JSON. */
export async function serve(answer: (url: URL, authorization: string | null) => Answer): Promise<Loopback> {
	const log: string[] = [];
	const server = createServer((request, response) => {
		const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
		log.push(`${request.method} ${url.pathname}${url.search}`);
		const { status, headers, body } = answer(url, request.headers.authorization ?? null);
		response.writeHead(status, { 'content-type': 'application/json', ...headers });
		response.end(typeof body === 'string' ? body : JSON.stringify(body));
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	const port = typeof address === 'object' && address !== null ? address.port : 0;
	return {
		url: `http://127.0.0.1:${port}`,
		log,
		close: () => new Promise((resolve) => server.close(() => resolve()))
	};
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
