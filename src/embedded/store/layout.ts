/** Version of the tables below, kept in `PRAGMA user_version`. A file of a higher version is refused. */
export const LAYOUT_VERSION = 6;

/** Numbers of user tables start here, as Convex's do; system tables have smaller ones. */
export const FIRST_USER_TABLE = 10_001;

/** System tables that functions may read, in every component, with Convex's own numbers: exported ids then fit there too. */
export const SYSTEM_TABLES = { _storage: 540, _scheduled_functions: 539 } as const;

/** From each earlier version to the next: `STEPS[n - 1]` leads from layout n. */
export const STEPS: readonly string[] = [
	`ALTER TABLE tables ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
	UPDATE tables SET number = num;
	ALTER TABLE files RENAME TO old_files;
	CREATE TABLE files (
		id TEXT NOT NULL,
		component TEXT NOT NULL,
		sha256 TEXT NOT NULL,
		size INTEGER NOT NULL,
		content_type TEXT,
		path TEXT NOT NULL,
		created INTEGER NOT NULL,
		uuid TEXT NOT NULL,
		PRIMARY KEY (component, id)
	) STRICT, WITHOUT ROWID;
	INSERT INTO files SELECT id, component, sha256, size, content_type, substr(path, -36), created, substr(path, -36)
		FROM old_files;
	DROP TABLE old_files;
	CREATE UNIQUE INDEX files_uuid ON files (component, uuid);
	UPDATE docs SET json = json_replace(json, '$.sha256', base64_of_hex(json ->> '$.sha256'))
		WHERE tbl IN (SELECT num FROM tables WHERE name = '_storage') AND length(json ->> '$.sha256') = 64;`,
	`ALTER TABLE modules RENAME TO app_modules;
	CREATE TABLE modules (
		definition TEXT NOT NULL,
		path TEXT NOT NULL,
		environment TEXT NOT NULL CHECK (environment IN ('isolate', 'node')),
		source TEXT NOT NULL,
		source_map TEXT,
		hash TEXT NOT NULL,
		analysis TEXT,
		PRIMARY KEY (definition, path)
	) STRICT;
	INSERT INTO modules SELECT '', path, environment, source, source_map, hash, analysis FROM app_modules;
	DROP TABLE app_modules;
	CREATE TABLE components (
		path TEXT PRIMARY KEY,
		state TEXT NOT NULL CHECK (state IN ('active', 'unmounted'))
	) STRICT, WITHOUT ROWID;
	ALTER TABLE jobs ADD COLUMN target TEXT NOT NULL DEFAULT '';
	ALTER TABLE crons RENAME TO app_crons;
	CREATE TABLE crons (
		component TEXT NOT NULL,
		name TEXT NOT NULL,
		spec TEXT NOT NULL,
		last_run REAL,
		next_run REAL NOT NULL,
		PRIMARY KEY (component, name)
	) STRICT, WITHOUT ROWID;
	INSERT INTO crons SELECT '', name, spec, last_run, next_run FROM app_crons;
	DROP TABLE app_crons;`,
	`ALTER TABLE indexes RENAME TO indexes_before;
	CREATE TABLE indexes (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		tbl INTEGER NOT NULL,
		name TEXT NOT NULL,
		fields TEXT NOT NULL,
		state TEXT NOT NULL CHECK (state IN ('backfilling', 'ready', 'enabled', 'dropping')),
		staged INTEGER NOT NULL DEFAULT 0,
		filled_to BLOB
	) STRICT;
	CREATE UNIQUE INDEX indexes_name ON indexes (tbl, name, state = 'enabled') WHERE state <> 'dropping';
	INSERT INTO indexes (id, tbl, name, fields, state, staged)
		SELECT id, tbl, name, fields, iif(state = 'enabled', 'enabled', 'ready'), state <> 'enabled' FROM indexes_before;
	DROP TABLE indexes_before;
	CREATE TABLE schema_changes (
		id TEXT PRIMARY KEY,
		schemas TEXT NOT NULL,
		dry INTEGER NOT NULL,
		state TEXT NOT NULL CHECK (state IN ('pending', 'validated', 'failed', 'overwritten')),
		walked INTEGER NOT NULL DEFAULT 0,
		checked_to BLOB,
		error TEXT,
		component TEXT,
		tbl TEXT,
		created REAL NOT NULL
	) STRICT, WITHOUT ROWID;`,
	'CREATE TABLE answers (batch INTEGER PRIMARY KEY, answers BLOB NOT NULL) STRICT;',
	'ALTER TABLE environment ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;'
];

/** Every SQL table of a deployment. Timestamps are nanoseconds since 1970 unless a name says otherwise. */
export const LAYOUT = `
-- Counters. Written with every commit and read on start by the store: last_ts.
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Tables of documents. Written by the store on first insert, on push and by imports; component '' is the app itself. num
-- is the tablet: what docs.tbl and indexes.tbl say. number is what ids of the table say, unique among the active tables of
-- a component: an import may bring a table with the number of the one that it replaces. Hidden tables are being filled or
-- emptied, and have names that no active table can have.
CREATE TABLE tables (
	num INTEGER PRIMARY KEY,
	component TEXT NOT NULL,
	name TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('active', 'hidden')),
	number INTEGER NOT NULL DEFAULT 0,
	UNIQUE (component, name)
) STRICT;

-- Declared indexes. by_id needs none, and by_creation_time only in tables with imported documents, whose ids do not hold
-- their creation time. Written by the store on push and while one is filled. Ids are never used twice. fields is JSON: the
-- field paths of a database index, or the IndexShape of a search or vector index. staged: filled, and kept out of queries
-- by the person's wish. filled_to is the id of the last document that the backfill has added. A name stands for two indexes
-- at most: one that serves queries, one that is to replace it.
CREATE TABLE indexes (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	tbl INTEGER NOT NULL,
	name TEXT NOT NULL,
	fields TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('backfilling', 'ready', 'enabled', 'dropping')),
	staged INTEGER NOT NULL DEFAULT 0,
	filled_to BLOB
) STRICT;
CREATE UNIQUE INDEX indexes_name ON indexes (tbl, name, state = 'enabled') WHERE state <> 'dropping';

-- The schema of each component as a SchemaDefinition in JSON. Written by the store on push, read on start.
CREATE TABLE schemas (component TEXT PRIMARY KEY, definition TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- Schemas that a push has asked for, by the digest of \`schemas\` (components with their SchemaDefinition, in JSON). One at
-- most is pending or validated; failed and overwritten ones stay for a while, to be told. dry: a dry run, which touches no
-- index. walked counts the tables that were checked whole, checked_to is the id of the last document of the next one.
-- Written by the store in small steps. created is milliseconds.
CREATE TABLE schema_changes (
	id TEXT PRIMARY KEY,
	schemas TEXT NOT NULL,
	dry INTEGER NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('pending', 'validated', 'failed', 'overwritten')),
	walked INTEGER NOT NULL DEFAULT 0,
	checked_to BLOB,
	error TEXT,
	component TEXT,
	tbl TEXT,
	created REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- Documents, in order of creation. id is 16 bytes: the creation time as an ordered float64, then 8 random bytes, so that
-- this one b-tree serves lookups by id and scans by creation time, and inserts append. Ids of documents that were made
-- elsewhere and imported are any 16 bytes. json is Convex JSON text with
-- _creationTime and _id last. Written and read by the store's transactions.
CREATE TABLE docs (
	tbl INTEGER NOT NULL,
	id BLOB NOT NULL,
	json TEXT NOT NULL,
	PRIMARY KEY (tbl, id)
) STRICT, WITHOUT ROWID;

-- Entries of declared indexes: k is the ordered key of the fields, the creation time and the id, or what textKeys.ts and
-- vectorKeys.ts say; its last 16 bytes are docs.id, which mostly begins with the creation time. Written and read by the
-- store's transactions.
CREATE TABLE idx (ix INTEGER NOT NULL, k BLOB NOT NULL, PRIMARY KEY (ix, k)) STRICT, WITHOUT ROWID;

-- Answers of mutations by client session, so that a mutation sent twice runs once. Written by the engine in the
-- mutation's own transaction, read when a session sends a request again. created is milliseconds, for pruning.
CREATE TABLE session_requests (
	session TEXT NOT NULL,
	request INTEGER NOT NULL,
	ts INTEGER NOT NULL,
	outcome TEXT NOT NULL,
	created INTEGER NOT NULL,
	PRIMARY KEY (session, request)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_requests_created ON session_requests (created);

-- Answers of calls to the engine process, one row for each batch of commits, written with them. Read by the process that
-- takes over from one that died; deleted once the answers have been received. answers is serialised by node:v8.
CREATE TABLE answers (batch INTEGER PRIMARY KEY, answers BLOB NOT NULL) STRICT;

-- Scheduled functions. Written by the engine with the transaction that schedules, claims or finishes one; read by the
-- scheduler by due time. component is the one that scheduled, whose table holds the document; target is the one whose
-- function is to run. due and completed are milliseconds.
CREATE TABLE jobs (
	id TEXT PRIMARY KEY,
	component TEXT NOT NULL,
	path TEXT NOT NULL,
	args TEXT NOT NULL,
	due REAL NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('pending', 'inProgress', 'success', 'failed', 'canceled')),
	kind TEXT NOT NULL CHECK (kind IN ('mutation', 'action')),
	attempt INTEGER NOT NULL DEFAULT 0,
	completed REAL,
	target TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_due ON jobs (state, due);
CREATE INDEX jobs_completed ON jobs (completed) WHERE completed IS NOT NULL;

-- Cron jobs of the deployed crons modules. Written on push and after every run. Times are milliseconds.
CREATE TABLE crons (
	component TEXT NOT NULL,
	name TEXT NOT NULL,
	spec TEXT NOT NULL,
	last_run REAL,
	next_run REAL NOT NULL,
	PRIMARY KEY (component, name)
) STRICT, WITHOUT ROWID;

-- The deployed code with its source maps, once for each component definition ('' is the app), however often it is mounted.
-- analysis is the AnalyzedModule in JSON, null for chunks. Written on push, read on start and when a push refers to
-- unchanged modules.
CREATE TABLE modules (
	definition TEXT NOT NULL,
	path TEXT NOT NULL,
	environment TEXT NOT NULL CHECK (environment IN ('isolate', 'node')),
	source TEXT NOT NULL,
	source_map TEXT,
	hash TEXT NOT NULL,
	analysis TEXT,
	PRIMARY KEY (definition, path)
) STRICT;

-- Every component that is or was mounted; the tables of those that no longer are stay until they are mounted again.
-- Written on push. What is mounted now follows from the definitions.
CREATE TABLE components (
	path TEXT PRIMARY KEY,
	state TEXT NOT NULL CHECK (state IN ('active', 'unmounted'))
) STRICT, WITHOUT ROWID;

-- Environment variables of the deployment, sealed with its signing key; sealed is 0 where an earlier version stored the
-- value in clear, until the engine opens the file. Written by the CLI through the engine, read when functions are loaded.
CREATE TABLE environment (
	name TEXT PRIMARY KEY,
	value TEXT NOT NULL,
	sealed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Stored files; path is the name of the bytes' file in the folder of files. Written when an upload has ended, read when one
-- is served. id is the id of the file's document in _storage, uuid stands in its URL; created is milliseconds.
CREATE TABLE files (
	id TEXT NOT NULL,
	component TEXT NOT NULL,
	sha256 TEXT NOT NULL,
	size INTEGER NOT NULL,
	content_type TEXT,
	path TEXT NOT NULL,
	created INTEGER NOT NULL,
	uuid TEXT NOT NULL,
	PRIMARY KEY (component, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX files_uuid ON files (component, uuid);
`;
