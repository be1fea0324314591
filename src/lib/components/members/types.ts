import type { FunctionReturnType } from 'convex/server';
import type { api } from '../../../convex/_generated/api.js';

export type Member = FunctionReturnType<typeof api.members.list>[number];
export type Invitation = FunctionReturnType<typeof api.invitations.list>[number];
