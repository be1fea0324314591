'use node';
/**
 * Google's Analytics APIs through its own packages, every request through our client, every failure an IntegrationError.
 * The packages are loaded when they are needed, so that no other service waits for them.
 */
import type { analyticsdata_v1beta } from '@googleapis/analyticsdata';
import { z } from 'zod';
import type { IntegrationContext } from '../lib/contract.ts';
import { IntegrationError } from '../lib/errors.ts';
import type { HttpClient } from '../lib/http.ts';
import { INTEGRATIONS } from '../lib/integrationConfig.ts';
import { pages } from '../lib/paging.ts';
import { parseAnswer } from '../lib/parse.ts';
import { excerpt } from '../lib/redact.ts';
import { isRateLimit, rateLimitEnd } from '../lib/retry.ts';
import { kindOfStatus, sentence } from '../lib/sentences.ts';
import { quotaEndSaid, quotaProblem, quotaSchema, quotaUsedUp } from './googleAnalyticsQuota.ts';
import type { QuotaProblem } from './googleAnalyticsQuota.ts';

/** Rows asked for at once; Google gives 250,000 at most, and may give fewer than it is asked for. */
const ROWS_PER_PAGE = 10_000;
const SUMMARIES_PER_PAGE = 200;

const cells = z.array(z.object({ value: z.string().nullish() })).nullish();
const headers = z.array(z.object({ name: z.string() })).nullish();
/** https://developers.google.com/analytics/devguides/reporting/data/v1/rest/v1beta/RunReportResponse */
const reportAnswer = z.object({
	kind: z.literal('analyticsData#runReport'),
	dimensionHeaders: headers,
	metricHeaders: headers,
	/** Absent when there are none, and so is their number. */
	rows: z.array(z.object({ dimensionValues: cells, metricValues: cells })).nullish(),
	rowCount: z.number().int().nonnegative().nullish(),
	metadata: z
		.object({
			dataLossFromOtherRow: z.boolean().nullish(),
			subjectToThresholding: z.boolean().nullish(),
			samplingMetadatas: z.array(z.unknown()).nullish(),
			emptyReason: z.string().nullish(),
			currencyCode: z.string().nullish(),
			timeZone: z.string().nullish(),
			schemaRestrictionResponse: z
				.object({ activeMetricRestrictions: z.array(z.object({ metricName: z.string().nullish() })).nullish() })
				.nullish()
		})
		.nullish(),
	propertyQuota: quotaSchema.nullish()
});
export type ReportMetadata = NonNullable<z.infer<typeof reportAnswer>['metadata']>;

const summaries = z.object({
	accountSummaries: z
		.array(
			z.object({
				displayName: z.string().nullish(),
				propertySummaries: z.array(z.object({ property: z.string(), displayName: z.string().nullish() })).nullish()
			})
		)
		.nullish(),
	nextPageToken: z.string().nullish()
});

const property = z.object({
	name: z.string(),
	displayName: z.string(),
	timeZone: z.string(),
	currencyCode: z.string().nullish(),
	deleteTime: z.string().nullish()
});
export type Property = z.infer<typeof property>;

export interface PropertyChoice {
	/** `properties/123` */
	readonly name: string;
	readonly title: string;
	readonly account: string;
}

export interface Report {
	/** Values by the name of the dimension or metric, as text. */
	readonly rows: readonly ReadonlyMap<string, string>[];
	readonly metadata: ReportMetadata;
}

export interface Question {
	/** `properties/123` */
	readonly property: string;
	readonly from: string;
	readonly to: string;
	readonly dimensions: readonly string[];
	readonly metrics: readonly string[];
}

const googleError = z.object({
	error: z.object({
		message: z.string().nullish(),
		details: z.array(z.object({ reason: z.string().nullish() })).nullish()
	})
});

/** What one Google account sees. The access token is on every request already. */
export class AnalyticsApi {
	readonly #http: HttpClient;
	readonly #now: () => number;
	readonly #options: { rootUrl?: string; retry: false; fetchImplementation: typeof fetch };
	#failure: unknown = null;
	#quota: QuotaProblem | null = null;

	constructor({ http, baseUrl, now }: IntegrationContext) {
		this.#http = http;
		this.#now = now;
		const through: typeof fetch = async (input, init) => {
			try {
				const response = await http.fetch(input, init);
				const body = await response.text();
				if (!response.ok) throw this.#refusal(response, body);
				return new Response(body, { status: response.status, headers: response.headers });
			} catch (error) {
				// The package would wrap it; what we know is better.
				this.#failure = error;
				throw error;
			}
		};
		const replaced = baseUrl === null ? {} : { rootUrl: `${baseUrl.replace(/\/+$/, '')}/` };
		this.#options = { ...replaced, retry: false, fetchImplementation: through };
	}

	/** Every property that the account may read, in Google's order. */
	async properties(): Promise<PropertyChoice[]> {
		const { analyticsadmin } = await import('./googleAnalyticsAdmin.ts');
		const { accountSummaries } = analyticsadmin({ version: 'v1beta', ...this.#options });
		const read = async (pageToken: string) => {
			const answer = await this.#get('the list of properties', summaries, () =>
				accountSummaries.list({ pageSize: SUMMARIES_PER_PAGE, ...(pageToken === '' ? {} : { pageToken }) })
			);
			return { items: answer.accountSummaries ?? [], next: answer.nextPageToken || null };
		};
		const found: PropertyChoice[] = [];
		for await (const { items } of pages('', read))
			for (const { displayName, propertySummaries } of items)
				for (const one of propertySummaries ?? [])
					found.push({ name: one.property, title: one.displayName ?? one.property, account: displayName ?? '' });
		return found;
	}

	/** A property's name, zone and currency. */
	async property(name: string): Promise<Property> {
		const { analyticsadmin } = await import('./googleAnalyticsAdmin.ts');
		const { properties } = analyticsadmin({ version: 'v1beta', ...this.#options });
		return await this.#get('the property', property, () => properties.get({ name }));
	}

	/**
	 * All rows of a report. Throws `rate_limited` without asking when the answer before said that the quota is used up.
	 * https://developers.google.com/analytics/devguides/reporting/data/v1/rest/v1beta/properties/runReport
	 */
	async report({ property, from, to, dimensions, metrics }: Question): Promise<Report> {
		const { analyticsdata } = await import('./googleAnalyticsData.ts');
		const { properties } = analyticsdata({ version: 'v1beta', ...this.#options });
		const rows: ReadonlyMap<string, string>[] = [];
		let metadata: ReportMetadata = {};
		const read = async (offset: number) => {
			const requestBody: analyticsdata_v1beta.Schema$RunReportRequest = {
				dateRanges: [{ startDate: from, endDate: to }],
				dimensions: dimensions.map((name) => ({ name })),
				metrics: metrics.map((name) => ({ name })),
				// A stable order, so that pages neither overlap nor leave a gap.
				orderBys: dimensions.map((dimensionName) => ({ dimension: { dimensionName } })),
				keepEmptyRows: true,
				limit: String(ROWS_PER_PAGE),
				offset: String(offset),
				returnPropertyQuota: true
			};
			if (this.#quota !== null) throw quotaUsedUp(this.#quota);
			const answer = await this.#get('the report', reportAnswer, () => properties.runReport({ property, requestBody }));
			this.#quota = quotaProblem(answer.propertyQuota ?? {}, this.#now());
			metadata = worst(metadata, answer.metadata ?? {});
			const items = answer.rows ?? [];
			const names = [...(answer.dimensionHeaders ?? []), ...(answer.metricHeaders ?? [])].map(({ name }) => name);
			for (const { dimensionValues, metricValues } of items) {
				const values = [...(dimensionValues ?? []), ...(metricValues ?? [])];
				if (values.length !== names.length)
					throw unreadable('a row has another number of cells than the report has columns');
				rows.push(new Map(names.map((name, index) => [name, values[index]?.value ?? ''])));
			}
			const reached = offset + items.length;
			const all = answer.rowCount ?? 0;
			if (items.length === 0 && reached < all) throw unreadable('it ends before its last row');
			return { items, next: reached < all ? reached : null };
		};
		for await (const _page of pages(0, read));
		return { rows, metadata };
	}

	/** Runs one call of a package and parses what it answers. */
	async #get<Schema extends z.ZodType>(
		subject: string,
		schema: Schema,
		run: () => Promise<{ readonly data: unknown }>
	): Promise<z.infer<Schema>> {
		this.#failure = null;
		let data: unknown;
		try {
			({ data } = await run());
		} catch (error) {
			const failure = this.#failure ?? error;
			if (failure instanceof IntegrationError) throw failure;
			throw new IntegrationError('bad_response', `Google’s answer for ${subject} is not readable.`, {}, failure);
		}
		return parseAnswer(schema, data, subject);
	}

	#refusal({ status, headers, url }: Response, body: string): IntegrationError {
		const { messages } = INTEGRATIONS['google-analytics'];
		const said = errorIn(body);
		if (isRateLimit(status, headers, body)) {
			const retryAt = quotaEndSaid(said.message, this.#now()) ?? rateLimitEnd(headers, this.#now());
			return new IntegrationError('rate_limited', sentence('rate_limited', 'Google Analytics', messages, status), {
				status,
				retryAt
			});
		}
		if (said.reasons.includes('SERVICE_DISABLED')) {
			const api = /accountSummaries|properties\/\d+$/.test(url) ? 'analyticsadmin' : 'analyticsdata';
			return new IntegrationError(
				'permission',
				`The Google Cloud project of Plumbline’s OAuth client may not use the ${api === 'analyticsadmin' ? 'Google Analytics Admin API' : 'Google Analytics Data API'} yet. Enable it at https://console.cloud.google.com/apis/library/${api}.googleapis.com, wait some minutes and try again.`,
				{ status }
			);
		}
		const kind = kindOfStatus(status);
		const quoted = kind === 'bad_response' ? excerpt(said.message, (text) => this.#http.redact(text)) : '';
		return new IntegrationError(kind, sentence(kind, 'Google Analytics', messages, status, quoted), { status });
	}
}

/** What Google says of an error: its sentence, and the reasons that a program can tell apart. */
function errorIn(body: string): { message: string; reasons: string[] } {
	try {
		const { message, details } = googleError.parse(JSON.parse(body)).error;
		return { message: message ?? '', reasons: (details ?? []).flatMap(({ reason }) => reason ?? []) };
	} catch {
		return { message: body, reasons: [] };
	}
}

function unreadable(what: string): IntegrationError {
	return new IntegrationError('bad_response', `Google’s report is not readable: ${what}.`);
}

/** What is true of a report of several pages: a doubt about one of them is a doubt about all. */
function worst(before: ReportMetadata, page: ReportMetadata): ReportMetadata {
	return {
		...before,
		...page,
		dataLossFromOtherRow: before.dataLossFromOtherRow || page.dataLossFromOtherRow,
		subjectToThresholding: before.subjectToThresholding || page.subjectToThresholding,
		samplingMetadatas: [...(before.samplingMetadatas ?? []), ...(page.samplingMetadatas ?? [])]
	};
}
