/** What Better Auth does with its tables. Only auth/adapter.ts calls these. */
import { storeFunctions } from './storeFunctions.ts';
import { authTables, UNIQUE_INDEXES } from './tables.ts';

export const { create, find, count, change, remove } = storeFunctions(authTables, UNIQUE_INDEXES);
