/** The shapes that cross the backend's border, as validators; the types are derived from them. */
import { v } from 'convex/values';
import type { Infer } from 'convex/values';

export const errorKind = v.union(
	v.literal('auth'),
	v.literal('permission'),
	v.literal('not_found'),
	v.literal('rate_limited'),
	v.literal('unreachable'),
	v.literal('timeout'),
	v.literal('bad_response'),
	v.literal('config')
);

export const runKind = v.union(
	v.literal('initial'),
	v.literal('scheduled'),
	v.literal('manual'),
	v.literal('backfill')
);
export type RunKind = Infer<typeof runKind>;

export const runState = v.union(
	v.literal('queued'),
	v.literal('running'),
	v.literal('succeeded'),
	v.literal('partial'),
	v.literal('failed'),
	v.literal('cancelled')
);
export type RunState = Infer<typeof runState>;

export const sliceState = v.union(
	v.literal('pending'),
	v.literal('scheduled'),
	v.literal('running'),
	v.literal('done'),
	v.literal('failed'),
	v.literal('skipped')
);
export type SliceState = Infer<typeof sliceState>;

/** How the last ended run left a connection. */
export const condition = v.union(
	v.literal('connected'),
	v.literal('degraded'),
	v.literal('waiting'),
	v.literal('needs_reauth'),
	v.literal('failing')
);
export type Condition = Infer<typeof condition>;

export const connectionState = v.union(condition, v.literal('syncing'), v.literal('paused'), v.literal('disconnected'));
export type ConnectionState = Infer<typeof connectionState>;

/** What a person chose: text, yes or no, several choices, or rows of named cells. */
export const settings = v.record(
	v.string(),
	v.union(v.string(), v.boolean(), v.array(v.string()), v.array(v.record(v.string(), v.string())))
);
export type Settings = Infer<typeof settings>;

export const textRecord = v.record(v.string(), v.string());

/** First and last day of a stretch, both included. */
export const daySpan = v.object({ from: v.string(), to: v.string() });
/** Stretches that have been read and are final, by metric: sorted, apart from each other. */
export const coverage = v.record(v.string(), v.array(daySpan));

/** A metric that the service would not give, and why. */
export const missingMetric = v.object({ metricId: v.string(), kind: errorKind, message: v.string() });
export type StoredMissing = Infer<typeof missingMetric>;

export const point = v.object({
	metricId: v.string(),
	dimension: v.string(),
	day: v.string(),
	value: v.union(v.number(), v.null()),
	state: v.union(v.literal('complete'), v.literal('partial'), v.literal('provisional'), v.literal('no_data')),
	currency: v.optional(v.string())
});

/** Something encrypted (lib/crypto). */
export const sealed = v.object({ keyId: v.string(), sealed: v.string() });

/** Who may renew the tokens of a connection, and what became of it. See lib/tokens.ts. */
export const renewal = v.object({
	/** Raised with every turn. */
	fence: v.number(),
	/** Until when the holder of the turn has it to himself. */
	leaseUntil: v.union(v.number(), v.null()),
	/** The provider may have given tokens that were never stored. */
	doubtful: v.boolean(),
	/** Why the provider gives no more, for good. */
	refused: v.union(v.string(), v.null())
});

export const accountInfo = v.object({
	id: v.string(),
	name: v.string(),
	details: textRecord,
	timeZone: v.optional(v.string()),
	currency: v.optional(v.string()),
	choices: v.optional(
		v.record(
			v.string(),
			v.array(
				v.object({
					value: v.string(),
					label: v.string(),
					detail: v.optional(v.string()),
					preselected: v.optional(v.boolean())
				})
			)
		)
	)
});

/** Why connecting did not work: a closed kind, a sentence to act on, and the form field at fault. */
export const failure = v.object({
	success: v.literal(false),
	kind: errorKind,
	error: v.string(),
	field: v.optional(v.string()),
	missingScopes: v.optional(v.array(v.string()))
});
export type Failure = Infer<typeof failure>;

export const progress = v.object({
	runId: v.id('syncRuns'),
	kind: runKind,
	/** 0..1 of the whole run. */
	fraction: v.number(),
	currentMetric: v.union(v.string(), v.null()),
	daysDone: v.number(),
	daysTotal: v.number(),
	pointsWritten: v.number(),
	apiCalls: v.number(),
	startedAt: v.number()
});

const nullableNumber = v.union(v.number(), v.null());
export const nullableText = v.union(v.string(), v.null());

const summaryFields = {
	id: v.id('connections'),
	integrationId: v.string(),
	name: v.string(),
	accountName: v.string(),
	state: connectionState,
	/** What the state means here and what to do, as a sentence. */
	sentence: v.string(),
	since: v.number(),
	lastSuccessAt: nullableNumber,
	nextSyncAt: nullableNumber,
	retryAt: nullableNumber,
	dashboardId: v.union(v.id('dashboards'), v.null()),
	sample: v.boolean(),
	progress: v.union(progress, v.null())
};
export const connectionSummary = v.object(summaryFields);
export type ConnectionSummary = Infer<typeof connectionSummary>;

export const connectionDetail = v.object({
	...summaryFields,
	accountDetails: textRecord,
	timeZone: v.string(),
	settings,
	/** The fields that are not secret: a base URL, a user name. */
	publicCredentials: textRecord,
	/** Names of the secret fields that are held; never their values. */
	storedSecrets: v.array(v.string()),
	syncEveryMinutes: v.number(),
	createdAt: v.number(),
	metrics: v.array(
		v.object({
			metricId: v.string(),
			seriesCount: v.number(),
			firstDay: nullableText,
			lastDay: nullableText,
			lastValueAt: nullableNumber,
			problem: nullableText
		})
	)
});
export type ConnectionDetail = Infer<typeof connectionDetail>;

export const runSummary = v.object({
	id: v.id('syncRuns'),
	kind: runKind,
	state: runState,
	startedAt: v.number(),
	endedAt: nullableNumber,
	fraction: v.number(),
	slicesDone: v.number(),
	slicesTotal: v.number(),
	apiCalls: v.number(),
	inserted: v.number(),
	updated: v.number(),
	unchanged: v.number(),
	errorKind: v.union(errorKind, v.null()),
	sentence: nullableText,
	missing: v.array(v.object({ metricId: v.string(), message: v.string() }))
});

export const tileSize = v.union(v.literal('number'), v.literal('chart'), v.literal('wide'));

export const tile = v.object({
	id: v.id('tiles'),
	metricId: v.string(),
	connectionId: v.id('connections'),
	integrationId: v.string(),
	title: v.string(),
	size: tileSize,
	/** Why the service would not give the metric in the last run, as a sentence. */
	problem: nullableText
});

export const packedSeries = v.object({
	seriesId: v.id('series'),
	connectionId: v.id('connections'),
	metricId: v.string(),
	dimension: v.string(),
	unit: v.string(),
	currency: nullableText,
	from: v.string(),
	/** JSON array of number | null, one per day. */
	values: v.string(),
	/** One letter per day: see lib/metrics/pack.ts. */
	states: v.string(),
	lastFetchedAt: nullableNumber,
	timeZone: v.string()
});
export type PackedSeries = Infer<typeof packedSeries>;

export const libraryEntry = v.object({
	connectionId: v.id('connections'),
	connectionName: v.string(),
	integrationId: v.string(),
	sample: v.boolean(),
	dashboardId: v.union(v.id('dashboards'), v.null()),
	metricId: v.string(),
	seriesCount: v.number(),
	firstDay: nullableText,
	lastDay: nullableText,
	lastFetchedAt: nullableNumber,
	problem: nullableText,
	/** The last 30 days, or null where the metric's series cannot be added up. */
	recent: v.union(
		v.object({ values: v.string(), states: v.string(), from: v.string(), unit: v.string(), currency: nullableText }),
		v.null()
	)
});
export type LibraryEntry = Infer<typeof libraryEntry>;
