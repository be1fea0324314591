/** Better Auth's own suites for adapters, over tables in memory. tests/unit/signInAdapter.test.ts has real ones. */
import { convexTest } from 'convex-test';
import { defineSchema } from 'convex/server';
import { internal } from '../_generated/api.js';
import type { Store } from './adapter.ts';
import { adapterSuites } from './adapterSuites.testing.ts';
import { tables, unique } from './adapterTables.testing.ts';
import { storeFunctions } from './storeFunctions.ts';

const t = convexTest({
	schema: defineSchema(tables),
	modules: {
		'./_generated/api.js': () => import('../_generated/api.js'),
		'./auth/store.ts': async () => storeFunctions(tables, unique)
	}
});

const { create, find, count, change, remove } = internal.auth.store;
const store: Store = {
	create: (args) => t.mutation(create, args),
	find: (args) => t.query(find, args),
	count: (args) => t.query(count, args),
	change: (args) => t.mutation(change, args),
	remove: (args) => t.mutation(remove, args)
};

(await adapterSuites(store))();
