/**
 * Writing decisions: one statement, behind the locks, for however many ledgers are held.
 *
 * A1. The statement draws the time of the commits. If an entry that was taken as alive has died by
 *     then, it writes nothing and returns no row; the COMMIT that follows in the same flight
 *     commits nothing.
 * A2. Counts are folded here to a row for each scope, and added to what is there.
 * A3. What a trim or a rewrite changes in a log is told by statements of their own, before.
 */
import type { Applied, Decision, DeleteWrite, PutWrite } from '../../transaction.ts';
import type { PostgresStore } from '../store.ts';
import type { Statement } from '../wire/statement.ts';
import { msOf } from '../wire/statement.ts';
import type { Decided } from './decide.ts';
import { unchanged } from './log-upkeep.ts';
import type { LogChange } from './log-upkeep.ts';

/** Scopes of the ledger itself, which its totals leave out. */
const uncountedPrefix = '$ledger/';

export interface Application {
  readonly values: readonly unknown[];
  /** The answer to each decision, with the time that the statement returns. */
  applied(time: number): readonly Applied[];
}

interface Tally {
  readonly ledger: string;
  readonly name: string;
  entries: number;
  bytes: number;
  revision: number;
}

/** A decision with what it comes to. */
interface Planned extends Decided {
  readonly ledger: string;
  readonly base: number;
  readonly incarnation: string;
  readonly isNew: boolean;
  readonly tallies: readonly Tally[];
  readonly change: LogChange;
}

export class Applier {
  readonly statement: Statement;
  readonly #store: PostgresStore;

  constructor(store: PostgresStore) {
    this.#store = store;
    this.statement = store.prepare(writing);
  }

  /** Of ledgers that one session holds; `change` is what upkeep has done to the log of each. */
  plan(all: readonly Decided[], change: LogChange = unchanged): Application {
    const planned = all.map((decided) => this.#planned(decided, change));
    const values = [
      this.#store.now(),
      planned.reduce((time, { time: own, held }) => Math.max(time, own, held.head.time), 0),
      earliestEnd(planned),
      planned[0]?.held.run,
      ...columns(planned, headColumns),
      ...columns(
        planned.filter(({ decision }) => decision.log !== undefined),
        logColumns,
      ),
      ...columns(
        planned.flatMap(({ tallies }) => tallies),
        tallyColumns,
      ),
      ...columns(planned.flatMap(putsOf), putColumns),
      ...columns(planned.flatMap(deletesOf), deleteColumns),
    ];
    return {
      values,
      applied: (time) =>
        planned.map(({ base, incarnation }) => ({ kind: 'applied', base, incarnation, time })),
    };
  }

  #planned(decided: Decided, change: LogChange): Planned {
    const { held, decision } = decided;
    const { head, ledger, continues } = held;
    const isNew = decision.revisions > 0 && !continues;
    return {
      ...decided,
      ledger,
      base: head.revision,
      incarnation: isNew ? this.#store.options.random.hex(8) : head.incarnation,
      isNew,
      tallies: fold(ledger, decision.scopes, head.revision),
      change,
    };
  }
}

/** When the first of the entries dies that were taken as alive. */
function earliestEnd(planned: readonly Planned[]): number | null {
  let earliest = Infinity;
  for (const { decision, time } of planned) {
    const { validUntil = -Infinity } = decision;
    if (time < validUntil) earliest = Math.min(earliest, validUntil);
  }
  return earliest === Infinity ? null : earliest;
}

/** One row for each scope; its revision is 0 where the decision leaves it. */
function fold(ledger: string, deltas: Decision['scopes'], base: number): Tally[] {
  const tallies = new Map<string, Tally>();
  for (const { scope: name, entries, bytes, offset } of deltas) {
    const tally = tallies.get(name) ?? { ledger, name, entries: 0, bytes: 0, revision: 0 };
    tally.entries += entries;
    tally.bytes += bytes;
    if (offset !== undefined) tally.revision = Math.max(tally.revision, base + offset);
    tallies.set(name, tally);
  }
  return [...tallies.values()];
}

type Parts<T> = readonly ((row: T) => unknown)[];

function columns<T>(rows: readonly T[], parts: Parts<T>): unknown[][] {
  return parts.map((part) => rows.map(part));
}

function totalOf({ tallies }: Planned, what: 'entries' | 'bytes'): number {
  return tallies.reduce(
    (sum, tally) => (tally.name.startsWith(uncountedPrefix) ? sum : sum + tally[what]),
    0,
  );
}

function bytesLogged({ decision: { log }, change }: Planned): number {
  return change.logBytes + (log === undefined ? 0 : Buffer.byteLength(log.body));
}

const headColumns: Parts<Planned> = [
  ({ ledger }) => ledger,
  ({ base }) => base,
  ({ decision }) => decision.revisions,
  ({ incarnation }) => incarnation,
  ({ isNew }) => isNew,
  (planned) => totalOf(planned, 'entries'),
  (planned) => totalOf(planned, 'bytes'),
  bytesLogged,
  ({ change }) => change.trimmed,
  ({ call }) => call.stamp.member,
  ({ call }) => call.stamp.sequence,
];

const logColumns: Parts<Planned> = [
  ({ ledger }) => ledger,
  ({ base, decision }) => base + decision.revisions,
  ({ base }) => base + 1,
  ({ decision }) => decision.log?.tags,
  ({ decision }) => decision.log?.body,
];

const tallyColumns: Parts<Tally> = [
  ({ ledger }) => ledger,
  ({ name }) => name,
  ({ entries }) => entries,
  ({ bytes }) => bytes,
  ({ revision }) => revision,
];

interface Of<W> {
  readonly planned: Planned;
  readonly write: W;
}

function putsOf(planned: Planned): Of<PutWrite>[] {
  const { writes } = planned.decision;
  return writes.flatMap((write) => (write.kind === 'put' ? [{ planned, write }] : []));
}

function deletesOf(planned: Planned): Of<DeleteWrite>[] {
  const { writes } = planned.decision;
  return writes.flatMap((write) => (write.kind === 'delete' ? [{ planned, write }] : []));
}

const putColumns: Parts<Of<PutWrite>> = [
  ({ planned }) => planned.ledger,
  ({ write }) => write.scope,
  ({ write }) => write.key,
  ({ planned, write }) => planned.base + write.offset,
  ({ write }) => write.createdAt ?? null,
  ({ write }) => write.expiresAt ?? null,
  ({ write }) => write.schema,
  ({ write }) => write.size,
  ({ write }) => write.external,
  ({ write: { content } }) => (typeof content === 'string' ? content : null),
  ({ write: { content } }) => (typeof content === 'string' ? null : content),
];

const deleteColumns: Parts<Of<DeleteWrite>> = [
  ({ planned }) => planned.ledger,
  ({ write }) => write.scope,
  ({ write }) => write.key,
];

const writing = `WITH moment AS MATERIALIZED (
  SELECT t.time FROM (
    SELECT greatest($2::bigint, coalesce($1::bigint, ${msOf('clock_timestamp()')})) AS time
  ) t WHERE $3::bigint IS NULL OR t.time < $3
), work AS MATERIALIZED (
  SELECT w.*, moment.time FROM moment, unnest($5::text[], $6::bigint[], $7::bigint[], $8::text[],
    $9::boolean[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::text[],
    $15::bigint[]) w (ledger, base, revisions, incarnation, is_new, entries, bytes, log_bytes,
    trimmed, member, sequence)
), head AS (
  UPDATE {ledger} l SET
    revision = w.base + w.revisions,
    time = CASE WHEN w.revisions > 0 THEN w.time ELSE l.time END,
    incarnation = w.incarnation,
    run = CASE WHEN w.revisions > 0 THEN $4 ELSE l.run END,
    -- Upkeep on a row that somebody else wrote leaves it for the next commit to see.
    writer = CASE WHEN w.revisions > 0 OR l.writer = l.xmin::text::bigint
      THEN pg_current_xact_id()::xid::text::bigint ELSE l.writer END,
    entries = l.entries + w.entries,
    bytes = l.bytes + w.bytes,
    log_bytes = l.log_bytes + w.log_bytes,
    trimmed = greatest(l.trimmed, w.trimmed)
  FROM work w WHERE l.name = w.ledger
), begun AS (
  INSERT INTO {incarnation} (ledger, start, id)
  SELECT ledger, base, incarnation FROM work WHERE is_new
  ON CONFLICT (ledger, start) DO UPDATE SET id = excluded.id
), stamped AS (
  INSERT INTO {stamp} AS s (ledger, member, sequence, base, incarnation, time, kept_at)
  SELECT ledger, member, sequence, base, incarnation, time, time FROM work
  ON CONFLICT (ledger, member) DO UPDATE SET sequence = excluded.sequence, base = excluded.base,
    incarnation = excluded.incarnation, time = excluded.time, kept_at = excluded.kept_at
), logged AS (
  INSERT INTO {log} (ledger, last, first, time, tags, body)
  SELECT g.ledger, g.last, g.first, time, g.tags, g.body FROM moment,
    unnest($16::text[], $17::bigint[], $18::bigint[], $19::text[], $20::text[])
    g (ledger, last, first, tags, body)
), counted AS (
  INSERT INTO {scope} AS s (ledger, name, entries, bytes, revision)
  SELECT c.* FROM moment,
    unnest($21::text[], $22::text[], $23::bigint[], $24::bigint[], $25::bigint[])
    c (ledger, name, entries, bytes, rev)
  ON CONFLICT (ledger, name) DO UPDATE SET entries = s.entries + excluded.entries,
    bytes = s.bytes + excluded.bytes, revision = greatest(s.revision, excluded.revision)
), put AS (
  INSERT INTO {entry} AS e (ledger, scope, key, version, created_at, updated_at, expires_at,
    schema, size, external, content, bytes)
  SELECT p.ledger, p.scope, p.key, p.version, coalesce(p.created_at, time), time, p.expires_at,
    p.schema, p.size, p.external, p.content, p.bytes
  FROM moment, unnest($26::text[], $27::text[], $28::text[], $29::bigint[], $30::bigint[],
    $31::bigint[], $32::bigint[], $33::bigint[], $34::boolean[], $35::text[], $36::bytea[])
    p (ledger, scope, key, version, created_at, expires_at, schema, size, external, content, bytes)
  ON CONFLICT (ledger, scope, key) DO UPDATE SET version = excluded.version,
    created_at = excluded.created_at, updated_at = excluded.updated_at,
    expires_at = excluded.expires_at, schema = excluded.schema, size = excluded.size,
    external = excluded.external, content = excluded.content, bytes = excluded.bytes
), deleted AS (
  DELETE FROM {entry} WHERE ctid = ANY (ARRAY(
    SELECT e.at FROM moment, unnest($37::text[], $38::text[], $39::text[]) d (ledger, scope, key)
    CROSS JOIN LATERAL (SELECT e.ctid AS at FROM {entry} e
      WHERE e.ledger = d.ledger AND e.scope = d.scope AND e.key = d.key LIMIT 1) e))
)
SELECT time FROM moment`;
