/** What pages are told about a connection. */
import type { Doc } from '../_generated/dataModel.js';
import type { QueryCtx } from '../_generated/server.js';
import { stateOf } from './connectionState.ts';
import { isSample } from './integrationOf.ts';
import type { ConnectionSummary } from './validators.ts';

/** A workspace holds no more connections than this; connecting one more is refused in words. */
export const MAX_CONNECTIONS = 200;

/** Whether a person may see the row: one that was never activated is only a reservation. */
export function isShown(connection: Doc<'connections'>): boolean {
	return connection.dashboardId !== null;
}

/** The connections of a workspace, oldest first. */
export async function connectionsOf(
	ctx: QueryCtx,
	workspaceId: Doc<'workspaces'>['_id']
): Promise<Doc<'connections'>[]> {
	const rows = await ctx.db
		.query('connections')
		.withIndex('by_workspaceId_integrationId_accountId', (q) => q.eq('workspaceId', workspaceId))
		.take(MAX_CONNECTIONS);
	return rows.filter(isShown).toSorted((a, b) => a._creationTime - b._creationTime);
}

/** State, sentence, times and live progress. Reads the run that is under way, if there is one. */
export async function summarize(ctx: QueryCtx, connection: Doc<'connections'>): Promise<ConnectionSummary> {
	const run = connection.activeRunId && (await ctx.db.get('syncRuns', connection.activeRunId));
	const { state, sentence, since, retryAt } = stateOf(connection, run);
	return {
		id: connection._id,
		integrationId: connection.integrationId,
		name: connection.name,
		accountName: connection.accountName,
		state,
		sentence,
		since,
		lastSuccessAt: connection.lastSuccessAt,
		nextSyncAt: connection.nextSyncAt,
		retryAt,
		dashboardId: connection.dashboardId,
		sample: isSample(connection.integrationId),
		progress: run && {
			runId: run._id,
			kind: run.kind,
			fraction: fractionOf(run),
			currentMetric: run.currentMetric,
			daysDone: Math.floor(run.daysDone + run.daysUnderWay),
			daysTotal: run.daysTotal,
			pointsWritten: run.inserted + run.updated,
			apiCalls: run.apiCalls,
			startedAt: run.startedAt
		}
	};
}

/** How much of a run is done, 0..1. */
export function fractionOf(run: Doc<'syncRuns'>): number {
	if (run.state === 'succeeded' || run.state === 'partial') return 1;
	return run.daysTotal === 0 ? 0 : Math.min(1, (run.daysDone + run.daysUnderWay) / run.daysTotal);
}
