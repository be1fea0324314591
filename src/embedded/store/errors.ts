/** What can be wrong with the file itself: the message of a StoreError names the path and says what to do. */
export const STORE_ERROR_KINDS = ['corrupt', 'newerLayout', 'inUse', 'unreadable', 'full'] as const;
export type StoreErrorKind = (typeof STORE_ERROR_KINDS)[number];

/** The store cannot go on. Never thrown for a mistake in user code: that is a DeveloperError. */
export class StoreError extends Error {
	override readonly name = 'StoreError';
	readonly kind: StoreErrorKind;

	constructor(kind: StoreErrorKind, message: string, cause?: unknown) {
		super(message, { cause });
		this.kind = kind;
	}
}

/** SQLite's primary result code of an error of node:sqlite, or null. */
function sqliteCode(error: unknown): number | null {
	if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null;
	return error.errcode & 0xff;
}

/** Turns an error of node:sqlite into a StoreError that names the file; other errors pass unchanged. */
export function storeError(path: string, error: unknown): unknown {
	switch (sqliteCode(error)) {
		case 5: // SQLITE_BUSY
		case 6: // SQLITE_LOCKED
			return new StoreError(
				'inUse',
				`The database ${path} is in use by another process. Stop it, or give this one another data directory.`,
				error
			);
		case 11: // SQLITE_CORRUPT
		case 26: // SQLITE_NOTADB
			return new StoreError(
				'corrupt',
				`The database ${path} is damaged or not a database. It was left as it is: restore a backup, or move it away to start afresh.`,
				error
			);
		case 13: // SQLITE_FULL
			return new StoreError('full', `The disk that holds ${path} is full. Nothing of this change was saved.`, error);
		case 3: // SQLITE_PERM
		case 8: // SQLITE_READONLY
		case 10: // SQLITE_IOERR
		case 14: // SQLITE_CANTOPEN
			return new StoreError(
				'unreadable',
				`The database ${path} cannot be read or written. Check that the directory exists and is writable.`,
				error
			);
		default:
			return error;
	}
}

/** As `storeError`, for a failure of which nothing is known but that the file was not written. */
export function storeFailure(path: string, error: unknown): StoreError {
	const known = storeError(path, error);
	if (known instanceof StoreError) return known;
	const why = error instanceof Error ? error.message : String(error);
	return new StoreError('unreadable', `The database ${path} could not be written: ${why}`, error);
}
