/**
 * The data model. Every row that a person can reach carries its workspace. Times are ms since the epoch; a Day is
 * `YYYY-MM-DD` in the connection's own time zone.
 */
import { defineSchema, defineTable } from 'convex/server';
import { v } from 'convex/values';
import { authTables } from './auth/tables.ts';
import { auditEvent } from './lib/audit.ts';
import {
	condition,
	coverage,
	daySpan,
	errorKind,
	missingMetric,
	renewal,
	runKind,
	runState,
	sealed,
	settings,
	sliceState,
	textRecord,
	tileSize
} from './lib/validators.ts';

const nullableNumber = v.union(v.number(), v.null());
const nullableText = v.union(v.string(), v.null());
const owned = { workspaceId: v.id('workspaces') };

export default defineSchema({
	/** People, sessions, workspaces and members. Written by Better Auth (auth/store) and auth/setup. */
	...authTables,

	/** Hashes of codes with which the first account can be made. Written and read by auth/setup; gone once it is made. */
	setupCodes: defineTable({ hash: v.string() }),

	/**
	 * One account of an integration. Written by connectionStore (connect, update), lib/runs (condition, next sync) and
	 * connectionRecords (name, pause, schedule, disconnect). Read by nearly everything. Deleted by disconnect.
	 */
	connections: defineTable({
		...owned,
		integrationId: v.string(),
		name: v.string(),
		/** The service's own id of the account. */
		accountId: v.string(),
		accountName: v.string(),
		accountDetails: textRecord,
		timeZone: v.string(),
		settings,
		publicCredentials: textRecord,
		storedSecrets: v.array(v.string()),
		syncEveryMinutes: v.number(),
		coverage,
		condition,
		/** Why, when the condition is not `connected`. */
		sentence: nullableText,
		since: v.number(),
		failures: v.number(),
		missing: v.array(missingMetric),
		paused: v.boolean(),
		disconnectedAt: nullableNumber,
		/** The one run that is under way. */
		activeRunId: v.union(v.id('syncRuns'), v.null()),
		lastSuccessAt: nullableNumber,
		/** null while a run is under way, paused, disconnected or waiting for new credentials. */
		nextSyncAt: nullableNumber,
		retryAt: nullableNumber,
		/** null until the connection has been activated once: such a row is shown to nobody. */
		dashboardId: v.union(v.id('dashboards'), v.null())
	})
		.index('by_workspaceId_integrationId_accountId', ['workspaceId', 'integrationId', 'accountId'])
		.index('by_nextSyncAt', ['nextSyncAt']),

	/**
	 * Sealed credentials (lib/crypto). Written by connectionStore; read by internal functions for Node actions only;
	 * no public function touches this table but disconnect, which deletes the row at once.
	 */
	credentials: defineTable({
		...owned,
		connectionId: v.id('connections'),
		keyId: v.string(),
		sealed: v.string(),
		/** Of tokens: who may renew them. Written by oauthTokens; new credentials begin without. */
		renewal: v.optional(renewal)
	}).index('by_connectionId', ['connectionId']),

	/**
	 * A sign-in at an OAuth provider that is under way: what its answer has to fit. Written by oauthStore.start, used up
	 * by oauthStore.take, deleted by danger some time after it has expired.
	 */
	oauthStates: defineTable({
		...owned,
		/** SHA-256 of the `state` that went to the provider, and of the browser's cookie. */
		stateHash: v.string(),
		browserHash: v.string(),
		/** The session that began it; null where there are no sessions. */
		sessionId: nullableText,
		provider: v.string(),
		integrationId: v.string(),
		/** The connection that gets new access; null: a new connection. */
		connectionId: v.union(v.id('connections'), v.null()),
		redirectUri: v.string(),
		/** The PKCE verifier, sealed to `stateHash`. */
		verifier: sealed,
		expiresAt: v.number(),
		usedAt: nullableNumber
	})
		.index('by_stateHash', ['stateHash'])
		.index('by_expiresAt', ['expiresAt']),

	/**
	 * Access that was given and waits for its connection to be made. Written and read by oauthStore; deleted when the
	 * connection is made, or by danger when nobody makes it.
	 */
	oauthGrants: defineTable({
		...owned,
		sessionId: nullableText,
		integrationId: v.string(),
		/** Tokens, sealed to `grantKey`. */
		grantKey: v.string(),
		tokens: sealed,
		expiresAt: v.number()
	})
		.index('by_grantKey', ['grantKey'])
		.index('by_expiresAt', ['expiresAt']),

	/**
	 * The OAuth client of a workspace at a provider. Written by oauthApps; read by the same, which gives nobody the
	 * secret but Node actions.
	 */
	oauthApps: defineTable({ ...owned, provider: v.string(), clientId: v.string(), secret: sealed }).index(
		'by_workspaceId_provider',
		['workspaceId', 'provider']
	),

	/**
	 * One metric of one connection for one dimension value ("" when it has none). Written by lib/pointStore when points
	 * are committed; read by dashboards and metricLibrary; deleted by danger.
	 */
	series: defineTable({
		...owned,
		connectionId: v.id('connections'),
		metricId: v.string(),
		dimension: v.string(),
		unit: v.string(),
		currency: nullableText,
		firstDay: v.string(),
		lastDay: v.string(),
		lastFetchedAt: v.number()
	}).index('by_connectionId_metricId_dimension', ['connectionId', 'metricId', 'dimension']),

	/**
	 * A month of a series in one document: `values[i]` and `states[i]` are day i + 1; `runs[changedBy[i]]` is the run
	 * that last changed it (-1: never). Written by lib/pointStore only when something changed; read by dashboards and
	 * metricLibrary; deleted by danger.
	 */
	chunks: defineTable({
		...owned,
		connectionId: v.id('connections'),
		seriesId: v.id('series'),
		month: v.string(),
		values: v.array(nullableNumber),
		states: v.string(),
		runs: v.array(v.id('syncRuns')),
		changedBy: v.array(v.number()),
		fetchedAt: v.number()
	})
		.index('by_seriesId_month', ['seriesId', 'month'])
		.index('by_connectionId', ['connectionId']),

	/**
	 * One attempt to bring a connection up to date. Written by lib/runs and slices; read by syncRuns and the progress of
	 * connectionRecords; deleted after 90 days by danger.
	 */
	syncRuns: defineTable({
		...owned,
		connectionId: v.id('connections'),
		kind: runKind,
		state: runState,
		startedAt: v.number(),
		endedAt: nullableNumber,
		slicesTotal: v.number(),
		slicesDone: v.number(),
		daysTotal: v.number(),
		/** Days of finished slices. */
		daysDone: v.number(),
		/** Days of the slice under way that its last page has passed. */
		daysUnderWay: v.number(),
		currentMetric: nullableText,
		apiCalls: v.number(),
		inserted: v.number(),
		updated: v.number(),
		unchanged: v.number(),
		missing: v.array(missingMetric),
		errorKind: v.union(errorKind, v.null()),
		sentence: nullableText,
		/** When the slice that failed is tried again. */
		retryAt: nullableNumber
	})
		.index('by_connectionId_startedAt', ['connectionId', 'startedAt'])
		.index('by_endedAt', ['endedAt']),

	/**
	 * One bounded piece of a run: a metric group x a stretch of days. Written by lib/runs (planned) and slices (claimed,
	 * committed, ended); read by the same; deleted with its run by danger.
	 */
	slices: defineTable({
		...owned,
		connectionId: v.id('connections'),
		runId: v.id('syncRuns'),
		order: v.number(),
		group: v.string(),
		metricIds: v.array(v.string()),
		span: daySpan,
		state: sliceState,
		/** JSON of the last committed page's checkpoint. */
		checkpoint: nullableText,
		/** Raised each time the slice is handed out; whoever holds an older number is refused. */
		fence: v.number(),
		/** A number while scheduled or running: past it, the watchdog hands the slice out again. */
		leaseUntil: nullableNumber,
		/** Failures of the service in a row, and actions that vanished. */
		attempts: v.number(),
		lapses: v.number()
	})
		.index('by_runId_state_order', ['runId', 'state', 'order'])
		.index('by_runId_group_state', ['runId', 'group', 'state'])
		.index('by_leaseUntil', ['leaseUntil'])
		.index('by_connectionId', ['connectionId']),

	/** A page of tiles. Written when a connection is activated and by rename; read by dashboards; deleted by danger. */
	dashboards: defineTable({ ...owned, name: v.string(), connectionIds: v.array(v.id('connections')) }).index(
		'by_workspaceId',
		['workspaceId']
	),

	/** One metric on a dashboard. Written when a connection is activated; read by dashboards; deleted by danger. */
	tiles: defineTable({
		...owned,
		dashboardId: v.id('dashboards'),
		connectionId: v.id('connections'),
		metricId: v.string(),
		title: v.string(),
		size: tileSize,
		order: v.number()
	})
		.index('by_dashboardId_order', ['dashboardId', 'order'])
		.index('by_connectionId', ['connectionId']),

	/**
	 * Who did what, when (the creation time) and from where. Only ever appended to, by lib/audit; read by audit; deleted
	 * after 400 days by audit. Two indexes begin others, for the order of time.
	 */
	auditEvents: defineTable(auditEvent)
		// eslint-disable-next-line @convex-dev/no-duplicate-indexes
		.index('by_workspaceId', ['workspaceId'])
		.index('by_workspaceId_action', ['workspaceId', 'action'])
		// eslint-disable-next-line @convex-dev/no-duplicate-indexes
		.index('by_workspaceId_actor', ['workspaceId', 'actor.kind', 'actor.id'])
		.index('by_workspaceId_actor_action', ['workspaceId', 'actor.kind', 'actor.id', 'action'])
});
