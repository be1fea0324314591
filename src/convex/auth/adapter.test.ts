/** Better Auth's own suites for adapters, over tables of the shapes that they ask for. */
import {
	authFlowTestSuite,
	caseInsensitiveTestSuite,
	joinsTestSuite,
	normalTestSuite,
	testAdapter,
	transactionsTestSuite
} from '@better-auth/test-utils/adapter';
import { convexTest } from 'convex-test';
import { defineSchema, defineTable } from 'convex/server';
import { v } from 'convex/values';
import { internal } from '../_generated/api.js';
import { convexAdapter } from './adapter.ts';
import type { Store } from './adapter.ts';
import { storeFunctions } from './storeFunctions.ts';

/** A table of any shape that keeps the ids which the suites choose. */
const free = () => defineTable(v.record(v.string(), v.any())).index('by_givenId', ['givenId']);
const tables = {
	user: free().index('by_email', ['email']),
	session: free().index('by_userId', ['userId']).index('by_token', ['token']),
	account: free().index('by_userId', ['userId']),
	verification: free().index('by_identifier', ['identifier']),
	user_custom: free(),
	user_table: free(),
	testModel: free(),
	oneToOneTable: free().index('by_oneToOne', ['oneToOne']),
	one_to_one_table: free(),
	organization: free(),
	member: free(),
	invitation: free(),
	team: free(),
	teamMember: free()
};
const unique = Object.fromEntries(Object.keys(tables).map((name) => [name, ['by_givenId', 'by_email', 'by_token']]));

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

const { execute } = await testAdapter({
	adapter: async () => convexAdapter(store),
	runMigrations: async () => {},
	overrideBetterAuthOptions: (options) => ({
		...options,
		advanced: { ...options.advanced, database: { joins: true, ...options.advanced?.database } }
	}),
	tests: [
		// Ids of new rows are Convex's own.
		normalTestSuite({ disableTests: { 'create - should use generateId if provided': true } }),
		joinsTestSuite(),
		caseInsensitiveTestSuite(),
		authFlowTestSuite(),
		// It skips itself: an HTTP action has no transaction over several calls.
		transactionsTestSuite()
	]
});
execute();
