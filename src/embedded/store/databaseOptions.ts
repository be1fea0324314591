/** How the data file is opened. */
export interface DatabaseOptions {
	/** NORMAL survives the death of the process, FULL also the loss of power. */
	readonly synchronous: 'NORMAL' | 'FULL';
	/** The disk failed when the file was open the last time. */
	readonly mistrust?: boolean;
	/** Every page has been read already (`checkFile`). */
	readonly checked?: boolean;
}

/**
 * How the file is used. The write-ahead log may grow to 32 MB before it is copied back, since an index page is often written by many commits.
 */
export function pragmas(options: DatabaseOptions): string {
	return `PRAGMA page_size = 8192; PRAGMA journal_mode = WAL;
		PRAGMA synchronous = ${options.synchronous}; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;
		PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;`;
}
