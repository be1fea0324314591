import aggregate from '@convex-dev/aggregate/convex.config.js';
import crons from '@convex-dev/crons/convex.config.js';
import rateLimiter from '@convex-dev/rate-limiter/convex.config.js';
import workpool from '@convex-dev/workpool/convex.config.js';
import { defineApp } from 'convex/server';
import { v } from 'convex/values';
import counter from './counter/convex.config';

const app = defineApp({ env: { GREETING: v.optional(v.string()) } });
app.use(workpool);
app.use(rateLimiter);
app.use(crons);
app.use(aggregate);
app.use(counter, { httpPrefix: '/counter/', env: { GREETING: app.env.GREETING, STEP: '2' } });
app.use(counter, { name: 'second' });
export default app;
