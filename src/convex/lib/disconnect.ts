/** Ending a connection. */
import { internal } from '../_generated/api.js';
import type { Doc } from '../_generated/dataModel.js';
import type { MutationCtx } from '../_generated/server.js';
import { cancelRun } from './runs.ts';

/**
 * Deletes the credentials at once. With `keepData` the board stays as it is; without, everything fetched goes too, out
 * of sight at once and from the disk in batches.
 */
export async function disconnectConnection(
	ctx: MutationCtx,
	row: Doc<'connections'>,
	keepData: boolean
): Promise<void> {
	const credentials = await ctx.db
		.query('credentials')
		.withIndex('by_connectionId', (q) => q.eq('connectionId', row._id))
		.first();
	if (credentials) await ctx.db.delete('credentials', credentials._id);
	if (row.activeRunId) await cancelRun(ctx, row.activeRunId);
	if (keepData) {
		const gone = { nextSyncAt: null, retryAt: null, activeRunId: null, storedSecrets: [] };
		await ctx.db.patch('connections', row._id, { ...gone, disconnectedAt: row.disconnectedAt ?? Date.now() });
		return;
	}
	await ctx.db.delete('connections', row._id);
	if (row.dashboardId) await ctx.db.delete('dashboards', row.dashboardId);
	await ctx.scheduler.runAfter(0, internal.danger.deleteConnectionData, { connectionId: row._id });
}
