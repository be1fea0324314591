import { cronJobs } from 'convex/server';
import { internal } from './_generated/api';

const crons = cronJobs();
crons.interval('tick', { hours: 1 }, internal.events.add, { kind: 'tick' });
crons.daily('nightly', { hourUTC: 3, minuteUTC: 15 }, internal.events.add, { kind: 'nightly' });
export default crons;
