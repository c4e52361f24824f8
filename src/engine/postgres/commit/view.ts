/** What decisions see of ledgers that are held: entries, scope counts, last stamp, time. */
import type { Ref, ScopeStat, StoredEntry } from '../../entry.ts';
import type { Applied, Reads } from '../../transaction.ts';
import { emptyStat, entryColumns, entryOf } from '../stored.ts';
import type { PostgresStore } from '../store.ts';
import { msOf } from '../wire/statement.ts';
import type { Row, Session } from '../wire/session.ts';
import type { Statement } from '../wire/statement.ts';

/** The last call of a member on a ledger; without `applied` it was fenced. */
export interface LastStamp {
  readonly sequence: number;
  readonly applied: Applied | undefined;
}

/** What is asked of one ledger. */
export interface Look {
  readonly ledger: string;
  readonly member: string;
  readonly reads: Reads;
}

export interface Seen {
  readonly entries: readonly (StoredEntry | undefined)[];
  readonly scopes: readonly ScopeStat[];
  readonly stamp: LastStamp | undefined;
  /** The clock, not yet compared with the head. */
  readonly now: number;
}

interface Filling {
  readonly entries: (StoredEntry | undefined)[];
  readonly scopes: ScopeStat[];
  stamp: LastStamp | undefined;
}

const kinds = { entry: 0, scope: 1, stamp: 2, clock: 3 } as const;

export class Views {
  readonly #store: PostgresStore;
  readonly #select: Statement;

  constructor(store: PostgresStore) {
    this.#store = store;
    this.#select = store.prepare(`SELECT ${kinds.entry}, r.n::int, ${entryColumns}
      FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY r (ledger, scope, key, n)
      CROSS JOIN LATERAL (SELECT * FROM {entry} e
        WHERE e.ledger = r.ledger AND e.scope = r.scope AND e.key = r.key LIMIT 1) e
    UNION ALL
    SELECT ${kinds.scope}, r.n::int, s.entries, s.bytes, s.revision,
        NULL, NULL, NULL, NULL, NULL, NULL
      FROM unnest($4::text[], $5::text[]) WITH ORDINALITY r (ledger, name, n)
      CROSS JOIN LATERAL (SELECT * FROM {scope} s
        WHERE s.ledger = r.ledger AND s.name = r.name LIMIT 1) s
    UNION ALL
    SELECT ${kinds.stamp}, r.n::int, s.sequence, s.base, s.time,
        NULL, NULL, NULL, NULL, s.incarnation, NULL
      FROM unnest($6::text[], $7::text[]) WITH ORDINALITY r (ledger, member, n)
      CROSS JOIN LATERAL (SELECT * FROM {stamp} s
        WHERE s.ledger = r.ledger AND s.member = r.member LIMIT 1) s
    UNION ALL
    SELECT ${kinds.clock}, 1, coalesce($8::bigint, ${msOf('clock_timestamp()')}),
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL`);
  }

  /** One answer for each look, in order, all by one clock. */
  async see(session: Session, looks: readonly Look[]): Promise<readonly Seen[]> {
    const refs = places(looks, ({ reads }) => reads.refs);
    const scopes = places(looks, ({ reads }) => reads.scopes);
    const { rows } = await session.run(this.#select, [
      refs.map(({ of }) => of.ledger),
      refs.map(({ what }) => what.scope),
      refs.map(({ what }) => what.key),
      scopes.map(({ of }) => of.ledger),
      scopes.map(({ what }) => what),
      looks.map(({ ledger }) => ledger),
      looks.map(({ member }) => member),
      this.#store.now(),
    ]);
    const fillings = looks.map(({ reads }): Filling => ({
      entries: reads.refs.map(() => undefined),
      scopes: reads.scopes.map(emptyStat),
      stamp: undefined,
    }));
    let now = 0;
    for (const row of rows) {
      const place = (row[1] as number) - 1;
      if (row[0] === kinds.entry) {
        const { look, index, what } = refs[place] as Place<Ref>;
        (fillings[look] as Filling).entries[index] = entryOf(what, row, 2);
      } else if (row[0] === kinds.scope) {
        const { look, index, what } = scopes[place] as Place<string>;
        (fillings[look] as Filling).scopes[index] = statOf(what, row);
      } else if (row[0] === kinds.stamp) (fillings[place] as Filling).stamp = stampOf(row);
      else now = row[2] as number;
    }
    return fillings.map((filling) => ({ ...filling, now }));
  }
}

/** One of the things that a look asks for. */
interface Place<T> {
  readonly look: number;
  readonly index: number;
  readonly of: Look;
  readonly what: T;
}

function places<T>(looks: readonly Look[], whatOf: (look: Look) => readonly T[]): Place<T>[] {
  return looks.flatMap((of, look) => whatOf(of).map((what, index) => ({ look, index, of, what })));
}

function statOf(scope: string, row: Row): ScopeStat {
  const [entries, bytes, revision] = row.slice(2, 5) as [number, number, number];
  return { scope, entries, bytes, revision };
}

function stampOf(row: Row): LastStamp {
  const [sequence, base, time] = row.slice(2, 5) as [number, number | null, number];
  if (base === null) return { sequence, applied: undefined };
  const incarnation = row[9] as string;
  return { sequence, applied: { kind: 'applied', base, incarnation, time } };
}
