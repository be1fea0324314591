'use node';
/** The query API of Prometheus, as VictoriaMetrics, Thanos and Mimir speak it too. */
import { z } from 'zod';
import type { IntegrationContext } from '../lib/contract.ts';
import { IntegrationError } from '../lib/errors.ts';
import { finiteNumber, parseAnswer } from '../lib/parse.ts';

export interface PrometheusCredentials {
	readonly baseUrl: string;
	readonly username?: string;
	readonly password?: string;
	readonly token?: string;
}

/** Of samples only the time (Unix seconds) and the text of the value are read. */
const matrix = z.object({
	status: z.literal('success'),
	data: z.object({
		resultType: z.literal('matrix'),
		result: z.array(z.object({ values: z.array(z.tuple([z.number(), z.string()])) }))
	})
});
const vector = z.object({
	status: z.literal('success'),
	data: z.object({
		resultType: z.literal('vector'),
		result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) }))
	})
});
const refusal = z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() });
const buildInfo = z.object({ status: z.literal('success'), data: z.object({ version: z.string() }) });

/** The query itself is at fault (its syntax, its cost, its result), not the server or the way to it. */
export class QueryError extends Error {}

export interface RangeQuery {
	readonly query: string;
	/** First instant, Unix seconds. */
	readonly start: number;
	/** Seconds between instants. */
	readonly step: number;
	/** How many instants; a server gives at most 11,000. */
	readonly instants: number;
}

function authorization({ username, password, token }: PrometheusCredentials): Record<string, string> {
	if (token && (username || password))
		throw new IntegrationError('config', 'Give either a user name and password, or a token, but not both.', {
			field: 'token'
		});
	if (token) return { authorization: `Bearer ${token}` };
	if (!username && !password) return {};
	if (!username)
		throw new IntegrationError('config', 'A password without a user name cannot be used.', { field: 'username' });
	if (username.includes(':'))
		throw new IntegrationError('config', 'A user name cannot hold a colon.', { field: 'username' });
	return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` };
}

/** The server's root, out of whatever page of it was pasted. */
export function serverRoot(baseUrl: string): string {
	return baseUrl
		.replace(/[?#].*$/s, '')
		.replace(/\/(graph|query|targets|api\/v1)?\/*$/, '')
		.replace(/\/+$/, '');
}

/** One server. Every failure is an IntegrationError, or a QueryError where a query is at fault. */
export class PrometheusApi {
	readonly #context: IntegrationContext;
	readonly #root: string;
	readonly #headers: Record<string, string>;

	constructor(credentials: PrometheusCredentials, context: IntegrationContext) {
		this.#context = context;
		this.#root = serverRoot(context.baseUrl ?? credentials.baseUrl);
		this.#headers = authorization(credentials);
	}

	/** Version of the server, or null when it does not tell (VictoriaMetrics, some proxies). */
	async version(): Promise<string | null> {
		const response = await this.#get('status/buildinfo', {}, [404]);
		if (response.status === 404) return null;
		return parseAnswer(buildInfo, response.json(), 'the version').data.version;
	}

	/** Value of the query's only series now, or null when it has none. */
	async now(query: string): Promise<number | null> {
		const response = await this.#get('query', { query }, []);
		const { result } = parseAnswer(vector, response.json(), 'a query').data;
		return result[0] === undefined ? null : finiteNumber(result[0].value[1]);
	}

	/**
	 * The query's only series by instant (Unix milliseconds); instants without a finite value are left out. Throws
	 * QueryError when the server refuses the query or it gives several series.
	 * https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries
	 */
	async range({ query, start, step, instants }: RangeQuery): Promise<ReadonlyMap<number, number>> {
		const end = start + step * (instants - 1);
		const response = await this.#get(
			'query_range',
			{ query, start: start.toFixed(3), end: end.toFixed(3), step },
			[400, 422]
		);
		if (response.status !== 200) {
			const { error } = parseAnswer(refusal, response.json(), 'a query');
			throw new QueryError(this.#context.http.redact(error).slice(0, 300));
		}
		const { result } = parseAnswer(matrix, response.json(), 'a query').data;
		if (result.length > 1)
			throw new QueryError(
				`it gives ${result.length} series where one is needed; wrap it in sum(…) or another aggregation`
			);
		const values = (result[0]?.values ?? []).map(
			([seconds, text]) => [Math.round(seconds * 1000), finiteNumber(text)] as const
		);
		return new Map(values.flatMap(([ms, value]) => (value === null ? [] : [[ms, value]])));
	}

	#get(path: string, query: Record<string, string | number>, accept: number[]) {
		return this.#context.http.request({ url: `${this.#root}/api/v1/${path}`, query, headers: this.#headers, accept });
	}
}
