/** What can be wrong with the file itself: the message of a StoreError names the path and says what to do. */
export const STORE_ERROR_KINDS = [
	'corrupt',
	'newerLayout',
	'inUse',
	'unreadable',
	'full',
	'failing',
	'uncertain'
] as const;
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

/** SQLite's extended result code of an error of node:sqlite, or null. */
function sqliteCode(error: unknown): number | null {
	return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : null;
}

const IOERR = 10;
/** Failures to read and to write, after which the file is known to be as it was: SQLITE_IOERR_READ, _SHORT_READ, _WRITE. */
const CLEAN_FAILURES = new Set([266, 522, 778]);

/** Turns an error of node:sqlite into a StoreError that names the file; other errors pass unchanged. */
export function storeError(path: string, error: unknown): unknown {
	const code = sqliteCode(error);
	switch (code === null ? null : code & 0xff) {
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
			return new StoreError('full', `The disk that holds ${path} is full.`, error);
		case 3: // SQLITE_PERM
		case 8: // SQLITE_READONLY
		case 14: // SQLITE_CANTOPEN
			return new StoreError(
				'unreadable',
				`The database ${path} cannot be read or written. Check that the directory exists and is writable.`,
				error
			);
		case IOERR:
			return new StoreError(
				'failing',
				`The disk that holds ${path} failed to read or write (SQLite's error ${code}).`,
				error
			);
		default:
			return error;
	}
}

const READONLY = 8;

/** As `storeError`, for a statement on an open file: to write where only reading is allowed is a mistake of this program. */
export function statementError(path: string, error: unknown): unknown {
	const code = sqliteCode(error);
	return code !== null && (code & 0xff) === READONLY ? error : storeError(path, error);
}

const UNSAVED = 'Nothing of this change was saved.';

/** As `storeError`, for a failure of which nothing is known but that the file was not written. */
export function storeFailure(path: string, error: unknown): StoreError {
	const known = storeError(path, error);
	if (!(known instanceof StoreError)) {
		const why = error instanceof Error ? error.message : String(error);
		return new StoreError('unreadable', `The database ${path} could not be written: ${why}`, error);
	}
	if (known.kind === 'uncertain' || known.message.endsWith(UNSAVED)) return known;
	return new StoreError(known.kind, `${known.message} ${UNSAVED}`, error);
}

/**
 * As `storeFailure`, for a transaction that was to be committed. After some failures, such as that of a sync, nobody can tell
 * whether it is in the file: all of it was written, and what the disk has of it is not known. SQLite leaves it out as long as
 * the log is open, and takes it in when the log is read anew.
 */
export function commitFailure(path: string, error: unknown): StoreError {
	const code = sqliteCode(error);
	if (code === null || (code & 0xff) !== IOERR || CLEAN_FAILURES.has(code)) return storeFailure(path, error);
	return new StoreError(
		'uncertain',
		`The disk that holds ${path} failed while a change was being saved (SQLite's error ${code}). Whether it was saved shows when the file is opened anew.`,
		error
	);
}

/** Turns what the file system says of a full or failing disk into a StoreError; null for other errors. */
export function diskError(error: unknown): StoreError | null {
	switch (error instanceof Error && 'code' in error ? error.code : null) {
		case 'ENOSPC':
		case 'EDQUOT':
			return new StoreError('full', `The disk of the deployment is full (${String(error)}).`, error);
		case 'EIO':
			return new StoreError('failing', `The disk of the deployment failed (${String(error)}).`, error);
		default:
			return null;
	}
}
