/** The terms of access as Convex validators. */
import { v } from 'convex/values';
import { ALL_RIGHTS, ALL_SCOPES, ROLES } from '../../lib/config/permissions.ts';

export const role = v.union(...ROLES.map((one) => v.literal(one)));
export const right = v.union(...ALL_RIGHTS.map((one) => v.literal(one)));
export const tokenScope = v.union(...ALL_SCOPES.map((one) => v.literal(one)));
export const refusal = v.union(v.literal('signed_out'), v.literal('no_workspace'), v.literal('forbidden'));

/** What lib/viewer calls a Scope. */
export const scope = v.object({
	workspaceId: v.id('workspaces'),
	viewer: v.object({ userId: v.id('users'), sessionId: v.id('sessions'), workspaceId: v.id('workspaces'), role })
});
