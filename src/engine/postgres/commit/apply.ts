/**
 * Writing a decision: one statement, behind the lock.
 *
 * A1. The statement draws the commit's time. If an entry that was taken as alive has died by then,
 *     it writes nothing and returns no row; the COMMIT that follows in the same flight commits
 *     nothing.
 * A2. Counts are folded here to a row for each scope, and added to what is there.
 * A3. What a trim or a rewrite changes in the log is told by statements of their own, before.
 */
import type { Applied, Decision, PutWrite, Stamp } from '../../transaction.ts';
import type { PostgresStore } from '../store.ts';
import type { Statement } from '../wire/statement.ts';
import { msOf } from '../wire/statement.ts';
import type { Held } from './lock.ts';
import type { LogChange } from './log-upkeep.ts';

/** Scopes of the ledger itself, which its totals leave out. */
const uncountedPrefix = '$ledger/';

export interface Plan {
  readonly held: Held;
  readonly decision: Decision;
  readonly stamp: Stamp;
  /** The time that was decided by. */
  readonly time: number;
  /** What upkeep has done to the log. */
  readonly change: LogChange;
}

export interface Application {
  readonly values: readonly unknown[];
  /** The answer, with the time that the statement returns. */
  applied(time: number): Applied;
}

interface Tally {
  entries: number;
  bytes: number;
  revision: number;
}

export class Applier {
  readonly statement: Statement;
  readonly #store: PostgresStore;

  constructor(store: PostgresStore) {
    this.#store = store;
    this.statement = store.prepare(writing);
  }

  plan({ held, decision, stamp, time, change }: Plan): Application {
    const { head, ledger, run, continues } = held;
    const { revisions, writes, scopes, log, validUntil } = decision;
    const base = head.revision;
    const isNew = revisions > 0 && !continues;
    const incarnation = isNew ? this.#store.options.random.hex(8) : head.incarnation;
    const puts = writes.filter((write) => write.kind === 'put');
    const deletes = writes.filter((write) => write.kind === 'delete');
    const tallies = fold(scopes, base);
    const totals = { entries: 0, bytes: 0 };
    for (const [name, { entries, bytes }] of tallies) {
      if (name.startsWith(uncountedPrefix)) continue;
      totals.entries += entries;
      totals.bytes += bytes;
    }
    const values = [
      ledger,
      this.#store.now(),
      Math.max(time, head.time),
      validUntil !== undefined && time < validUntil ? validUntil : null,
      base,
      revisions,
      incarnation,
      isNew,
      run,
      totals.entries,
      totals.bytes,
      change.logBytes + (log === undefined ? 0 : Buffer.byteLength(log.body)),
      change.trimmed,
      stamp.member,
      stamp.sequence,
      log?.body ?? null,
      log?.tags ?? null,
      [...tallies.keys()],
      ...columns([...tallies.values()], [(t) => t.entries, (t) => t.bytes, (t) => t.revision]),
      ...columns<PutWrite>(puts, putColumns(base)),
      deletes.map(({ scope }) => scope),
      deletes.map(({ key }) => key),
    ];
    return { values, applied: (at) => ({ kind: 'applied', base, incarnation, time: at }) };
  }
}

/** One row for each scope; its revision is 0 where the decision leaves it. */
function fold(deltas: Decision['scopes'], base: number): Map<string, Tally> {
  const tallies = new Map<string, Tally>();
  for (const { scope, entries, bytes, offset } of deltas) {
    const tally = tallies.get(scope) ?? { entries: 0, bytes: 0, revision: 0 };
    tally.entries += entries;
    tally.bytes += bytes;
    if (offset !== undefined) tally.revision = Math.max(tally.revision, base + offset);
    tallies.set(scope, tally);
  }
  return tallies;
}

function columns<T>(rows: readonly T[], parts: readonly ((row: T) => unknown)[]): unknown[][] {
  return parts.map((part) => rows.map(part));
}

function putColumns(base: number): ((put: PutWrite) => unknown)[] {
  return [
    ({ scope }) => scope,
    ({ key }) => key,
    ({ offset }) => base + offset,
    ({ createdAt }) => createdAt ?? null,
    ({ expiresAt }) => expiresAt ?? null,
    ({ schema }) => schema,
    ({ size }) => size,
    ({ external }) => external,
    ({ content }) => (typeof content === 'string' ? content : null),
    ({ content }) => (typeof content === 'string' ? null : content),
  ];
}

const writing = `WITH moment AS MATERIALIZED (
  SELECT t.time FROM (
    SELECT greatest($3::bigint, coalesce($2::bigint, ${msOf('clock_timestamp()')})) AS time
  ) t WHERE $4::bigint IS NULL OR t.time < $4
), head AS (
  UPDATE {ledger} l SET
    revision = $5::bigint + $6::bigint,
    time = CASE WHEN $6 > 0 THEN moment.time ELSE l.time END,
    incarnation = $7,
    run = CASE WHEN $6 > 0 THEN $9 ELSE l.run END,
    -- Upkeep on a row that somebody else wrote leaves it for the next commit to see.
    writer = CASE WHEN $6 > 0 OR l.writer = l.xmin::text::bigint
      THEN pg_current_xact_id()::xid::text::bigint ELSE l.writer END,
    entries = l.entries + $10::bigint,
    bytes = l.bytes + $11::bigint,
    log_bytes = l.log_bytes + $12::bigint,
    trimmed = greatest(l.trimmed, $13::bigint)
  FROM moment WHERE l.name = $1
  RETURNING moment.time
), begun AS (
  INSERT INTO {incarnation} (ledger, start, id) SELECT $1, $5, $7 FROM moment WHERE $8::boolean
  ON CONFLICT (ledger, start) DO UPDATE SET id = excluded.id
), stamped AS (
  INSERT INTO {stamp} AS s (ledger, member, sequence, base, incarnation, time, kept_at)
  SELECT $1, $14, $15::bigint, $5, $7, time, time FROM moment
  ON CONFLICT (ledger, member) DO UPDATE SET sequence = excluded.sequence, base = excluded.base,
    incarnation = excluded.incarnation, time = excluded.time, kept_at = excluded.kept_at
), logged AS (
  INSERT INTO {log} (ledger, last, first, time, tags, body)
  SELECT $1, $5 + $6, $5 + 1, time, $17, $16 FROM moment WHERE $16::text IS NOT NULL
), counted AS (
  INSERT INTO {scope} AS s (ledger, name, entries, bytes, revision)
  SELECT $1, c.* FROM moment,
    unnest($18::text[], $19::bigint[], $20::bigint[], $21::bigint[]) c (name, entries, bytes, rev)
  ON CONFLICT (ledger, name) DO UPDATE SET entries = s.entries + excluded.entries,
    bytes = s.bytes + excluded.bytes, revision = greatest(s.revision, excluded.revision)
), put AS (
  INSERT INTO {entry} AS e (ledger, scope, key, version, created_at, updated_at, expires_at,
    schema, size, external, content, bytes)
  SELECT $1, p.scope, p.key, p.version, coalesce(p.created_at, time), time, p.expires_at,
    p.schema, p.size, p.external, p.content, p.bytes
  FROM moment, unnest($22::text[], $23::text[], $24::bigint[], $25::bigint[], $26::bigint[],
    $27::bigint[], $28::bigint[], $29::boolean[], $30::text[], $31::bytea[])
    p (scope, key, version, created_at, expires_at, schema, size, external, content, bytes)
  ON CONFLICT (ledger, scope, key) DO UPDATE SET version = excluded.version,
    created_at = excluded.created_at, updated_at = excluded.updated_at,
    expires_at = excluded.expires_at, schema = excluded.schema, size = excluded.size,
    external = excluded.external, content = excluded.content, bytes = excluded.bytes
), deleted AS (
  DELETE FROM {entry} WHERE ctid = ANY (ARRAY(
    SELECT e.at FROM moment, unnest($32::text[], $33::text[]) d (scope, key)
    CROSS JOIN LATERAL (SELECT e.ctid AS at FROM {entry} e
      WHERE e.ledger = $1 AND e.scope = d.scope AND e.key = d.key LIMIT 1) e))
)
SELECT time FROM head`;
