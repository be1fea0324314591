import type { FunctionReturnType } from 'convex/server';
import type { api } from '../../../convex/_generated/api.js';

/** What a test of credentials says: whom it reached, or a sentence that says what to do. */
export type TestResult = FunctionReturnType<typeof api.connections.testConnection>;
export type AccountInfo = Extract<TestResult, { success: true }>['accountInfo'];
/** One thing the account offers to choose from. */
export type Choice = NonNullable<AccountInfo['choices']>[string][number];
