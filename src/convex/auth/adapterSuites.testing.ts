/** Better Auth's own suites for adapters. */
import {
	authFlowTestSuite,
	caseInsensitiveTestSuite,
	joinsTestSuite,
	normalTestSuite,
	testAdapter,
	transactionsTestSuite
} from '@better-auth/test-utils/adapter';
import { convexAdapter } from './adapter.ts';
import type { Store } from './adapter.ts';

/** What declares the tests of all suites, for our adapter over a store. */
export async function adapterSuites(store: Store): Promise<() => void> {
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
	return execute;
}
