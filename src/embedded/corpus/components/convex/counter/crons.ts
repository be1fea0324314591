import { cronJobs } from 'convex/server';
import { internal } from './_generated/api';

const crons = cronJobs();
crons.interval('own', { hours: 1 }, internal.counters.addInternally, { name: 'cron' });
export default crons;
