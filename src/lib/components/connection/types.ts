import type { FunctionReturnType } from 'convex/server';
import type { api } from '../../../convex/_generated/api.js';

/** A connection as lists show it. */
export type ConnectionSummary = FunctionReturnType<typeof api.connectionRecords.list>[number];
/** A connection as its own page shows it. */
export type ConnectionDetail = NonNullable<FunctionReturnType<typeof api.connectionRecords.get>>;
export type ConnectionState = ConnectionSummary['state'];
export type SyncRun = FunctionReturnType<typeof api.syncRuns.list>['page'][number];
