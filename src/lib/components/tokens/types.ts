import type { FunctionReturnType } from 'convex/server';
import type { api } from '../../../convex/_generated/api.js';

export type Token = FunctionReturnType<typeof api.apiKeys.list>[number];
