/** Writing points: series are found or made, months are merged, and only what changed is written. */
import { emptyMonth, mergeMonth } from '../../lib/metrics/pack.ts';
import type { DayFact } from '../../lib/metrics/pack.ts';
import type { Doc, Id } from '../_generated/dataModel.js';
import type { MutationCtx } from '../_generated/server.js';
import type { SeriesFacts } from './points.ts';
import { MAX_SERIES, seriesOf } from './seriesReader.ts';
import type { StoredMissing } from './validators.ts';

export interface Written {
	readonly inserted: number;
	readonly updated: number;
	readonly unchanged: number;
	readonly refused: readonly StoredMissing[];
}

interface Origin {
	readonly workspaceId: Id<'workspaces'>;
	readonly connectionId: Id<'connections'>;
	readonly runId: Id<'syncRuns'>;
	/** When the page was read. */
	readonly readAt: number;
}

/** Stores the facts of a page. Storing the same facts again changes nothing but the freshness of the series. */
export async function storePoints(ctx: MutationCtx, origin: Origin, pages: readonly SeriesFacts[]): Promise<Written> {
	const counts = { inserted: 0, updated: 0, unchanged: 0 };
	const refused: StoredMissing[] = [];
	let room: number | null = null;
	for (const facts of pages) {
		const { metric, dimension } = facts;
		const days = [...facts.months.values()]
			.flat()
			.map((fact) => fact.day)
			.toSorted();
		const firstDay = days.at(0);
		const lastDay = days.at(-1);
		if (firstDay === undefined || lastDay === undefined) continue;
		let series = await findSeries(ctx, origin.connectionId, metric.id, dimension);
		if (series && series.currency !== facts.currency) {
			const message = `Its currency changed from ${series.currency} to ${facts.currency}; the new values are refused.`;
			refused.push({ metricId: metric.id, kind: 'bad_response', message });
			continue;
		}
		if (!series) {
			room ??= MAX_SERIES - (await seriesOf(ctx, origin.connectionId)).length;
			if (room <= 0) {
				const message = `There are more than ${MAX_SERIES} series; choose fewer things to follow in the settings.`;
				refused.push({ metricId: metric.id, kind: 'config', message });
				continue;
			}
			room -= 1;
			series = await insertSeries(ctx, origin, facts, firstDay, lastDay);
		} else {
			await ctx.db.patch('series', series._id, {
				firstDay: firstDay < series.firstDay ? firstDay : series.firstDay,
				lastDay: lastDay > series.lastDay ? lastDay : series.lastDay,
				lastFetchedAt: Math.max(origin.readAt, series.lastFetchedAt)
			});
		}
		for (const [month, monthFacts] of facts.months) {
			const merged = await storeMonth(ctx, origin, series._id, month, monthFacts);
			counts.inserted += merged.inserted;
			counts.updated += merged.updated;
			counts.unchanged += merged.unchanged;
		}
	}
	return { ...counts, refused };
}

async function findSeries(
	ctx: MutationCtx,
	connectionId: Id<'connections'>,
	metricId: string,
	dimension: string
): Promise<Doc<'series'> | null> {
	return await ctx.db
		.query('series')
		.withIndex('by_connectionId_metricId_dimension', (q) =>
			q.eq('connectionId', connectionId).eq('metricId', metricId).eq('dimension', dimension)
		)
		.unique();
}

async function insertSeries(
	ctx: MutationCtx,
	{ workspaceId, connectionId, readAt }: Origin,
	{ metric, dimension, currency }: SeriesFacts,
	firstDay: string,
	lastDay: string
): Promise<Doc<'series'> | never> {
	const fields = { workspaceId, connectionId, metricId: metric.id, dimension, unit: metric.unit, currency };
	const id = await ctx.db.insert('series', { ...fields, firstDay, lastDay, lastFetchedAt: readAt });
	const row = await ctx.db.get('series', id);
	if (!row) throw new Error('A series that was just inserted is not there.');
	return row;
}

/** Merges a month and writes it only when a value or a state changed; each changed day names the run that did it. */
async function storeMonth(
	ctx: MutationCtx,
	{ workspaceId, connectionId, runId, readAt }: Origin,
	seriesId: Id<'series'>,
	month: string,
	facts: readonly DayFact[]
): Promise<{ inserted: number; updated: number; unchanged: number }> {
	const chunk = await ctx.db
		.query('chunks')
		.withIndex('by_seriesId_month', (q) => q.eq('seriesId', seriesId).eq('month', month))
		.unique();
	const before = chunk ?? emptyMonth(month);
	const { values, states, ...counts } = mergeMonth(month, before, facts);
	if (counts.inserted + counts.updated === 0) return counts;
	const earlierRuns = chunk?.runs ?? [];
	const earlierChangedBy = chunk?.changedBy ?? values.map(() => -1);
	const authors = values.map((value, index) => {
		const changed = value !== before.values[index] || states[index] !== before.states[index];
		return changed ? runId : earlierRuns[earlierChangedBy[index] ?? -1];
	});
	const runs = [...new Set(authors)].filter((author) => author !== undefined);
	const changedBy = authors.map((author) => (author === undefined ? -1 : runs.indexOf(author)));
	const content = { values: [...values], states, runs, changedBy, fetchedAt: readAt };
	if (chunk) await ctx.db.patch('chunks', chunk._id, content);
	else await ctx.db.insert('chunks', { workspaceId, connectionId, seriesId, month, ...content });
	return counts;
}
