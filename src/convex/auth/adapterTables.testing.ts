/** Tables of the shapes that Better Auth's suites for adapters ask for. */
import { defineTable } from 'convex/server';
import { v } from 'convex/values';

/** A table of any shape that keeps the ids which the suites choose. */
const free = () => defineTable(v.any()).index('by_givenId', ['givenId']);
export const tables = {
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
/** Indexes under which only one row may stand. */
export const unique = Object.fromEntries(
	Object.keys(tables).map((name) => [name, ['by_givenId', 'by_email', 'by_token']])
);
