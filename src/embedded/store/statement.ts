import type { SQLInputValue } from 'node:sqlite';

/** SQL of a table that is not documents, run when the transaction that it belongs to is written. */
export interface Statement {
	readonly sql: string;
	readonly parameters: readonly SQLInputValue[];
}
