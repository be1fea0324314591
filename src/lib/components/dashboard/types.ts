import type { FunctionReturnType } from 'convex/server';
import type { api } from '../../../convex/_generated/api.js';

type Board = NonNullable<FunctionReturnType<typeof api.dashboards.get>>;
export type Tile = Board['tiles'][number];
export type BoardConnection = Board['connections'][number];
