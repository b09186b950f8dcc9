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
];
