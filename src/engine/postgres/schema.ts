/**
 * The layout of a store in a Postgres schema, the record of its encoding, and how it comes to be.
 *
 * T1. Names are compared as bytes (`COLLATE "C"`), whatever the collation of the database. Text is
 *     in `content`, raw bytes are in `bytes`; `psql` shows both.
 * T2. The row of `ledger` is the lock of its ledger: who holds it draws the next revision, and
 *     holds it until the commit. So the order of revisions is the order of commits.
 * T3. `ledger.run` is the run of the server in which the ledger was last committed to, and
 *     `ledger.writer` the transaction. A run that ended, or a row that another transaction has
 *     written (a restored dump), may have lost commits: the next one starts a new incarnation.
 * T4. `server_run` is not logged: Postgres empties it whenever it recovers, so that its row names a
 *     stretch of time in which nothing that was committed can have been lost.
 * T5. The layout has a version; `oldest` is the version of Holdfast that may still write to it.
 *
 * A change is one more step in `migrations`, which runs on stores that are in use: it may add, and
 * it may not rewrite.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { Session } from './wire/session.ts';
import type { Settings } from './wire/settings.ts';
import type { Prepare } from './wire/statement.ts';

const tables = `
CREATE TABLE {store} (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  version integer NOT NULL,
  oldest integer NOT NULL
);
CREATE UNLOGGED TABLE {server_run} (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  id text NOT NULL,
  started timestamptz NOT NULL
);
CREATE TABLE {ledger} (
  name text COLLATE "C" PRIMARY KEY,
  revision bigint NOT NULL DEFAULT 0,
  time bigint NOT NULL DEFAULT 0,
  incarnation text NOT NULL DEFAULT '',
  trimmed bigint NOT NULL DEFAULT 0,
  entries bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  log_bytes bigint NOT NULL DEFAULT 0,
  run text NOT NULL DEFAULT '',
  writer bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20);
CREATE TABLE {scope} (
  ledger text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  entries bigint NOT NULL,
  bytes bigint NOT NULL,
  revision bigint NOT NULL,
  PRIMARY KEY (ledger, name)
) WITH (fillfactor = 50);
CREATE TABLE {entry} (
  ledger text COLLATE "C" NOT NULL,
  scope text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  expires_at bigint,
  schema bigint NOT NULL,
  size bigint NOT NULL,
  external boolean NOT NULL,
  content text,
  bytes bytea,
  PRIMARY KEY (ledger, scope, key)
) WITH (fillfactor = 80);
CREATE INDEX entry_expiry ON {entry} (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE {log} (
  ledger text COLLATE "C" NOT NULL,
  last bigint NOT NULL,
  first bigint NOT NULL,
  time bigint NOT NULL,
  tags text NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (ledger, last)
);
CREATE TABLE {incarnation} (
  ledger text COLLATE "C" NOT NULL,
  start bigint NOT NULL,
  id text NOT NULL,
  PRIMARY KEY (ledger, start)
);
CREATE TABLE {stamp} (
  ledger text COLLATE "C" NOT NULL,
  member text COLLATE "C" NOT NULL,
  sequence bigint NOT NULL,
  base bigint,
  incarnation text,
  time bigint,
  kept_at bigint NOT NULL,
  PRIMARY KEY (ledger, member)
) WITH (fillfactor = 50);
CREATE TABLE {member} (
  id text COLLATE "C" PRIMARY KEY,
  expires_at bigint NOT NULL
);
`;

interface Migration {
  readonly sql: string;
  /** The oldest version of the layout whose code may go on writing after this step. */
  readonly oldest: number;
}

/** The step at index n makes version n + 1. */
const migrations: readonly Migration[] = [{ sql: tables, oldest: 1 }];

export const layoutVersion = migrations.length;

/** Tables whose presence without `store` says that the schema is somebody else's. */
const ownTables = ['ledger', 'entry', 'scope', 'log', 'stamp', 'member', 'incarnation'];

export interface SchemaTerms {
  /** Fails with `store_missing` rather than create. */
  readonly mustExist: boolean;
  readonly readOnly: boolean;
}

/**
 * Creates or migrates the store, alone: whoever else begins at the same time waits and finds it
 * done. Throws `store_missing`, `store_foreign` or `store_newer`, with nothing changed.
 */
export async function ensureSchema(
  session: Session,
  settings: Settings,
  prepare: Prepare,
  terms: SchemaTerms,
): Promise<void> {
  const look = lookAt(prepare, settings);
  const found = await look(session);
  if (found === layoutVersion) return;
  if (found > 0 && terms.readOnly) return;
  if (found === 0 && (terms.mustExist || terms.readOnly)) throw missing(settings);
  await session.batch(
    'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = 0',
  );
  try {
    const lock = prepare(`SELECT pg_advisory_xact_lock(hashtextextended($1, 4))`);
    await session.run(lock, [`holdfast ${settings.schema}`], settings.timeoutMs * 3);
    const version = await look(session);
    if (version === 0) {
      await session.batch(`CREATE SCHEMA IF NOT EXISTS "${settings.schema}"`);
    }
    for (const { sql } of migrations.slice(version)) {
      await session.batch(prepare(sql).text, settings.timeoutMs * 3);
    }
    const { oldest } = migrations.at(-1) ?? { oldest: 1 };
    const mark = prepare(`INSERT INTO {store} AS was (version, oldest) VALUES ($1, $2)
      ON CONFLICT (one) DO UPDATE SET version = excluded.version, oldest = excluded.oldest
      WHERE was.version < excluded.version`);
    await session.run(mark, [layoutVersion, oldest]);
    await session.batch('COMMIT');
  } catch (error) {
    if (!session.isBroken) await session.batch('ROLLBACK');
    throw error;
  }
}

/** Tells the version of the layout that is there, 0 if none is. */
function lookAt(prepare: Prepare, settings: Settings): (session: Session) => Promise<number> {
  const { schema, place } = settings;
  const names = prepare(`SELECT tablename::text FROM pg_tables WHERE schemaname = $1`);
  const version = prepare('SELECT version, oldest FROM {store}');
  return async (session) => {
    const { rows } = await session.run(names, [schema]);
    const found = new Set(rows.map(([name]) => name));
    if (!found.has('store')) {
      if (!ownTables.some((name) => found.has(name))) return 0;
      const message = `the schema '${schema}' of ${place} holds tables that are not Holdfast's`;
      throw new HoldfastError('store_foreign', message, { details: { schema } });
    }
    const [row = []] = (await session.run(version)).rows;
    const [at = 0, oldest = 0] = row as readonly number[];
    if (oldest > layoutVersion) throw newer(settings, at);
    return Math.min(at, layoutVersion);
  };
}

export function newer({ schema, place }: Settings, version: number): HoldfastError {
  const message = `the store in '${schema}' of ${place} has layout ${version}; this version of \
Holdfast knows ${layoutVersion}: install the newer one`;
  return new HoldfastError('store_newer', message, { details: { version, known: layoutVersion } });
}

function missing({ schema, place }: Settings): HoldfastError {
  return new HoldfastError('store_missing', `there is no store in '${schema}' of ${place}`, {
    details: { schema },
  });
}
