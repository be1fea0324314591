/** A small Google Analytics: one property whose sessions are given, both APIs at one address, reports by offset and limit. */
import { z } from 'zod';
import { dayOf } from '../../lib/metrics/zones.ts';
import type { Answer, FakeRequest } from './fake.suite.ts';

export interface FakeSession {
	readonly at: number;
	readonly user: string;
	readonly isNew?: boolean;
	readonly engaged?: boolean;
	readonly views?: number;
	readonly events?: number;
	readonly keyEvents?: number;
	/** Major units, as Google gives them. */
	readonly revenue?: number;
	readonly channel?: string;
	readonly country?: string;
}

const reportRequest = z.object({
	dateRanges: z.array(z.object({ startDate: z.string(), endDate: z.string() })).length(1),
	dimensions: z.array(z.object({ name: z.string() })),
	metrics: z.array(z.object({ name: z.string() })).max(10),
	limit: z.string(),
	offset: z.string(),
	returnPropertyQuota: z.boolean().optional()
});

type Metric = (sessions: readonly FakeSession[]) => number;
const sum = (value: (session: FakeSession) => number): Metric => {
	return (sessions) => sessions.reduce((total, session) => total + value(session), 0);
};
const METRICS: Readonly<Record<string, { readonly type: string; readonly of: Metric }>> = {
	activeUsers: { type: 'TYPE_INTEGER', of: (sessions) => new Set(sessions.map(({ user }) => user)).size },
	newUsers: { type: 'TYPE_INTEGER', of: sum(({ isNew }) => (isNew ? 1 : 0)) },
	sessions: { type: 'TYPE_INTEGER', of: (sessions) => sessions.length },
	engagedSessions: { type: 'TYPE_INTEGER', of: sum(({ engaged }) => (engaged ? 1 : 0)) },
	screenPageViews: { type: 'TYPE_INTEGER', of: sum(({ views = 1 }) => views) },
	eventCount: { type: 'TYPE_INTEGER', of: sum(({ events = 1 }) => events) },
	keyEvents: { type: 'TYPE_FLOAT', of: sum(({ keyEvents = 0 }) => keyEvents) },
	totalRevenue: { type: 'TYPE_CURRENCY', of: sum(({ revenue = 0 }) => revenue) }
};

export class FakeGoogleAnalytics {
	token = ['ya29', 'planted7c1e'].join('.');
	/** Whose access may read. */
	accepts = (authorization: string): boolean => authorization === `Bearer ${this.token}`;
	readonly property = 'properties/4711';
	title = 'Coffee shop';
	timeZone = 'Europe/Berlin';
	currencyCode = 'EUR';
	sessions: FakeSession[] = [];
	/** Rows that Google gives at once, whatever is asked for. */
	mostRows = 10_000;
	/** Laid over the metadata of every report. */
	metadata: Record<string, unknown> = {};
	quota: Record<string, unknown> = { tokensPerHour: { consumed: 10, remaining: 39_990 } };
	/** Accounts with their properties; the list comes two accounts a page. */
	accounts = [{ name: 'Roastery', properties: [{ property: this.property, displayName: this.title }] }];

	answer({ method, path, query, headers, body }: FakeRequest): Answer {
		if (!this.accepts(String(headers['authorization'])))
			return problem(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.');
		if (method === 'GET' && path === '/v1beta/accountSummaries')
			return this.#summaries(Number(query.get('pageToken') ?? 0));
		if (method === 'GET' && path === `/v1beta/${this.property}`)
			return {
				body: {
					name: this.property,
					displayName: this.title,
					timeZone: this.timeZone,
					currencyCode: this.currencyCode,
					propertyType: 'PROPERTY_TYPE_ORDINARY'
				}
			};
		if (method === 'POST' && path === `/v1beta/${this.property}:runReport`) return this.report(JSON.parse(body));
		return problem(403, 'PERMISSION_DENIED', 'User does not have sufficient permissions for this property.');
	}

	#summaries(page: number): Answer {
		const accountSummaries = this.accounts.slice(page * 2, page * 2 + 2).map(({ name, properties }, index) => ({
			name: `accountSummaries/${page * 2 + index}`,
			account: `accounts/${page * 2 + index}`,
			displayName: name,
			propertySummaries: properties
		}));
		const more = this.accounts.length > page * 2 + 2;
		return { body: { accountSummaries, ...(more ? { nextPageToken: String(page + 1) } : {}) } };
	}

	report(question: unknown): Answer {
		const parsed = reportRequest.safeParse(question);
		if (!parsed.success) return problem(400, 'INVALID_ARGUMENT', parsed.error.message);
		const { dateRanges, dimensions, metrics, limit, offset, returnPropertyQuota } = parsed.data;
		const [{ startDate, endDate } = { startDate: '', endDate: '' }] = dateRanges;
		const valueOf = (session: FakeSession, name: string): string => {
			if (name === 'date') return dayOf(session.at, this.timeZone).replaceAll('-', '');
			return (name === 'country' ? session.country : session.channel) ?? '(not set)';
		};
		const inside = this.sessions.filter(({ at }) => {
			const day = dayOf(at, this.timeZone);
			return day >= startDate && day <= endDate;
		});
		const groups = Map.groupBy(inside, (session) =>
			JSON.stringify(dimensions.map(({ name }) => valueOf(session, name)))
		);
		const all = [...groups]
			.toSorted(([a], [b]) => (a < b ? -1 : 1))
			.map(([key, sessions]) => ({
				dimensionValues: z
					.array(z.string())
					.parse(JSON.parse(key))
					.map((value) => ({ value })),
				metricValues: metrics.map(({ name }) => ({ value: String(METRICS[name]?.of(sessions) ?? 0) }))
			}));
		const rows = all.slice(Number(offset), Number(offset) + Math.min(Number(limit), this.mostRows));
		return {
			body: {
				dimensionHeaders: dimensions,
				metricHeaders: metrics.map(({ name }) => ({ name, type: METRICS[name]?.type })),
				// Google leaves both out when there is nothing.
				...(all.length === 0 ? {} : { rows, rowCount: all.length }),
				metadata: { currencyCode: this.currencyCode, timeZone: this.timeZone, ...this.metadata },
				...(returnPropertyQuota ? { propertyQuota: this.quota } : {}),
				kind: 'analyticsData#runReport'
			}
		};
	}
}

/** An error as Google writes it. */
export function problem(code: number, status: string, message: string, reason?: string): Answer {
	const details = reason === undefined ? [] : [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason }];
	return { status: code, body: { error: { code, message, status, details } } };
}
