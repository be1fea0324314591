-- The tables of a file of layout 5, as they were: what migrations are tried on. Never changed.
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE tables (
	num INTEGER PRIMARY KEY,
	component TEXT NOT NULL,
	name TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('active', 'hidden')),
	number INTEGER NOT NULL DEFAULT 0,
	UNIQUE (component, name)
) STRICT;
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
CREATE TABLE schemas (component TEXT PRIMARY KEY, definition TEXT NOT NULL) STRICT, WITHOUT ROWID;
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
CREATE TABLE docs (
	tbl INTEGER NOT NULL,
	id BLOB NOT NULL,
	json TEXT NOT NULL,
	PRIMARY KEY (tbl, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE idx (ix INTEGER NOT NULL, k BLOB NOT NULL, PRIMARY KEY (ix, k)) STRICT, WITHOUT ROWID;
CREATE TABLE session_requests (
	session TEXT NOT NULL,
	request INTEGER NOT NULL,
	ts INTEGER NOT NULL,
	outcome TEXT NOT NULL,
	created INTEGER NOT NULL,
	PRIMARY KEY (session, request)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_requests_created ON session_requests (created);
CREATE TABLE answers (batch INTEGER PRIMARY KEY, answers BLOB NOT NULL) STRICT;
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
CREATE TABLE crons (
	component TEXT NOT NULL,
	name TEXT NOT NULL,
	spec TEXT NOT NULL,
	last_run REAL,
	next_run REAL NOT NULL,
	PRIMARY KEY (component, name)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE components (
	path TEXT PRIMARY KEY,
	state TEXT NOT NULL CHECK (state IN ('active', 'unmounted'))
) STRICT, WITHOUT ROWID;
CREATE TABLE environment (
	name TEXT PRIMARY KEY,
	value TEXT NOT NULL,
	sealed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
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
PRAGMA user_version = 6;
