/** The clock of the deployment. */
import { cronJobs } from 'convex/server';
import { internal } from './_generated/api.js';

const crons = cronJobs();

crons.interval('start due syncs', { minutes: 1 }, internal.schedule.startDue, {});
crons.interval('recover silent slices', { seconds: 30 }, internal.schedule.watchdog, {});
crons.daily('delete old runs', { hourUTC: 3, minuteUTC: 17 }, internal.danger.deleteOldRuns, {});
crons.daily('delete expired audit events', { hourUTC: 3, minuteUTC: 41 }, internal.audit.deleteExpired, {});
crons.interval('delete old sign-ins', { minutes: 30 }, internal.danger.deleteOldSignIns, {});

export default crons;
