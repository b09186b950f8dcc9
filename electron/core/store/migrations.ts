/**
 * The schema of the store, one step an entry. A step that has shipped is never edited; a change is a new step.
 * SQLite's `user_version` holds the number of steps applied.
 */
export const migrations: readonly string[] = [
  `CREATE TABLE projects (
     id TEXT PRIMARY KEY,
     directory TEXT NOT NULL UNIQUE,
     opened_at TEXT NOT NULL
   ) STRICT;
   CREATE TABLE trust (
     directory TEXT PRIMARY KEY,
     content_hash TEXT NOT NULL,
     granted_at TEXT NOT NULL
   ) STRICT;
   CREATE TABLE settings (
     key TEXT PRIMARY KEY,
     value TEXT NOT NULL
   ) STRICT;
   CREATE TABLE audit (
     id INTEGER PRIMARY KEY,
     at TEXT NOT NULL,
     actor TEXT NOT NULL,
     action TEXT NOT NULL,
     workspace TEXT,
     service TEXT,
     generation INTEGER,
     from_state TEXT,
     to_state TEXT,
     reason TEXT
   ) STRICT;
   CREATE INDEX audit_by_time ON audit (at);`,
  `CREATE TABLE interrupted_turns (
     session_id TEXT NOT NULL,
     message_id TEXT NOT NULL,
     directory TEXT NOT NULL,
     reason TEXT,
     texts TEXT NOT NULL,
     at INTEGER NOT NULL,
     PRIMARY KEY (session_id, message_id)
   ) STRICT;
   CREATE INDEX interrupted_turns_by_folder ON interrupted_turns (directory, at);`,
];
