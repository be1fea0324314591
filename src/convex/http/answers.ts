/** What the HTTP API answers, read and written for a token that apiKeys.admit has let in. */
import { ConvexError, v } from 'convex/values';
import { daysBetween, eachDay, isDay } from '../../lib/metrics/days.ts';
import { decodeStates } from '../../lib/metrics/pack.ts';
import { DAY_STATES } from '../../lib/metrics/types.ts';
import { internalMutation, internalQuery } from '../_generated/server.js';
import type { Doc, Id } from '../_generated/dataModel.js';
import type { QueryCtx } from '../_generated/server.js';
import { find, need, notFound } from '../lib/access.ts';
import { stateOf } from '../lib/connectionState.ts';
import { isSample, metricsOf } from '../lib/integrationOf.ts';
import { startRun } from '../lib/runs.ts';
import { readMetricDays, seriesOf } from '../lib/seriesReader.ts';
import { connectionsOf, isShown } from '../lib/summary.ts';

const LONGEST_RANGE_DAYS = 366;
/** Items of a page when the request names none, and the most that it may name. */
const PAGE = 50;
const LARGEST_PAGE = 100;
/** Series carry up to a year of days each. */
const LARGEST_SERIES_PAGE = 20;

const nullableText = v.union(v.string(), v.null());
const nullableNumber = v.union(v.number(), v.null());
const paging = { limit: v.optional(v.number()), after: v.optional(v.string()) };

/** The connections of the workspace, oldest first. */
export const connections = internalQuery({
	args: { workspaceId: v.id('workspaces'), ...paging },
	returns: v.object({
		connections: v.array(
			v.object({
				id: v.id('connections'),
				integration: v.string(),
				name: v.string(),
				account: v.string(),
				sample: v.boolean(),
				state: v.string(),
				sentence: v.string(),
				timeZone: v.string(),
				lastSuccessAt: nullableNumber,
				nextSyncAt: nullableNumber
			})
		),
		next: nullableText
	}),
	handler: async (ctx, { workspaceId, limit, after }) => {
		const all = await connectionsOf(ctx, workspaceId);
		const { page, next } = pageOf(all, (row) => row._id, limit ?? PAGE, LARGEST_PAGE, after);
		const connections = await Promise.all(
			page.map(async (row) => {
				const run = row.activeRunId && (await ctx.db.get('syncRuns', row.activeRunId));
				const { state, sentence } = stateOf(row, run);
				const { _id: id, integrationId: integration, name, timeZone, lastSuccessAt, nextSyncAt } = row;
				const account = { account: row.accountName, sample: isSample(integration) };
				return { id, integration, name, ...account, state, sentence, timeZone, lastSuccessAt, nextSyncAt };
			})
		);
		return { connections, next };
	}
});

/** The metrics of a connection, with what is held of each. */
export const metrics = internalQuery({
	args: { workspaceId: v.id('workspaces'), connection: v.string() },
	returns: v.object({
		metrics: v.array(
			v.object({
				id: v.string(),
				name: v.string(),
				description: v.string(),
				unit: v.string(),
				aggregation: v.string(),
				series: v.number(),
				firstDay: nullableText,
				lastDay: nullableText,
				lastFetchedAt: nullableNumber,
				problem: nullableText
			})
		)
	}),
	handler: async (ctx, args) => {
		const connection = await shown(ctx, args.workspaceId, args.connection);
		const held = await seriesOf(ctx, connection._id);
		const defined = [...metricsOf(connection.integrationId).values()];
		return {
			metrics: defined.map(({ id, name, description, unit, aggregation }) => {
				const own = held.filter((one) => one.metricId === id);
				const problem = connection.missing.find((one) => one.metricId === id)?.message ?? null;
				const days = {
					firstDay:
						own
							.map((one) => one.firstDay)
							.toSorted()
							.at(0) ?? null,
					lastDay:
						own
							.map((one) => one.lastDay)
							.toSorted()
							.at(-1) ?? null
				};
				const lastFetchedAt = own.length === 0 ? null : Math.max(...own.map((one) => one.lastFetchedAt));
				return { id, name, description, unit, aggregation, series: own.length, ...days, lastFetchedAt, problem };
			})
		};
	}
});

/** The days of a metric from `from` to `to`, both included, a series per dimension value. */
export const series = internalQuery({
	args: {
		workspaceId: v.id('workspaces'),
		connection: v.string(),
		metric: v.string(),
		from: v.string(),
		to: v.string(),
		...paging
	},
	returns: v.object({
		series: v.array(
			v.object({
				id: v.id('series'),
				dimension: v.string(),
				unit: v.string(),
				currency: nullableText,
				timeZone: v.string(),
				lastFetchedAt: v.number(),
				days: v.array(
					v.object({
						day: v.string(),
						value: nullableNumber,
						state: v.union(...DAY_STATES.map((state) => v.literal(state)))
					})
				)
			})
		),
		next: nullableText
	}),
	handler: async (ctx, { workspaceId, metric, from, to, limit, after, ...args }) => {
		const connection = await shown(ctx, workspaceId, args.connection);
		const definition = metricsOf(connection.integrationId).get(metric);
		if (!definition) throw notFound();
		if (!isDay(from) || !isDay(to)) throw invalid('"from" and "to" are days such as 2026-11-23.');
		const length = daysBetween(from, to) + 1;
		if (length < 1 || length > LONGEST_RANGE_DAYS) {
			throw invalid(`"from" to "to" is a range of 1 to ${LONGEST_RANGE_DAYS} days.`);
		}
		const own = (await seriesOf(ctx, connection._id)).filter((one) => one.metricId === metric);
		const { page, next } = pageOf(own, (row) => row._id, limit ?? LARGEST_SERIES_PAGE, LARGEST_SERIES_PAGE, after);
		const { timeZone } = connection;
		const series = await Promise.all(
			page.map(async (row) => {
				const { _id: id, dimension, unit, currency, lastFetchedAt } = row;
				const { values, states } = await readMetricDays(ctx, row, definition, timeZone, from, to);
				const stateOfDay = decodeStates(states);
				const days = eachDay(from, to).map((day, index) => {
					return { day, value: values[index] ?? null, state: stateOfDay[index] ?? ('missing' as const) };
				});
				return { id, dimension, unit, currency, timeZone, lastFetchedAt, days };
			})
		);
		return { series, next };
	}
});

/** Starts a sync, or answers the one that is under way. */
export const sync = internalMutation({
	args: { workspaceId: v.id('workspaces'), connection: v.string() },
	returns: v.object({ run: v.id('syncRuns'), alreadyRunning: v.boolean() }),
	handler: async (ctx, { workspaceId, connection: id }) => {
		const connection = await need({ ...ctx, workspaceId }, 'connections', id);
		if (!isShown(connection)) throw notFound();
		if (connection.disconnectedAt !== null) {
			throw new ConvexError({ kind: 'config', message: 'This connection is disconnected. Connect the account again.' });
		}
		const { runId: run, alreadyRunning } = await startRun(ctx, connection, 'manual');
		return { run, alreadyRunning };
	}
});

async function shown(ctx: QueryCtx, workspaceId: Id<'workspaces'>, id: string): Promise<Doc<'connections'>> {
	const row = await find({ ...ctx, workspaceId }, 'connections', id);
	if (!row || !isShown(row)) throw notFound();
	return row;
}

/** At most `limit` items behind the one called `after`; `next` is the last one's name when there are more. */
function pageOf<Item>(
	all: readonly Item[],
	nameOf: (item: Item) => string,
	limit: number,
	largest: number,
	after: string | undefined
): { page: Item[]; next: string | null } {
	if (!(Number.isInteger(limit) && limit >= 1 && limit <= largest)) {
		throw invalid(`"limit" is a whole number from 1 to ${largest}.`);
	}
	const start = after === undefined ? 0 : all.findIndex((item) => nameOf(item) === after) + 1;
	if (after !== undefined && start === 0) throw invalid('"after" is the "next" of the page before.');
	const page = all.slice(start, start + limit);
	const last = page.at(-1);
	return { page, next: last !== undefined && start + page.length < all.length ? nameOf(last) : null };
}

function invalid(message: string) {
	return new ConvexError({ kind: 'invalid', message });
}
