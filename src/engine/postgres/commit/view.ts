/** What a decision sees of a ledger that is held: entries, scope counts, last stamp, time. */
import type { ScopeStat, StoredEntry } from '../../entry.ts';
import type { Applied, Reads } from '../../transaction.ts';
import { emptyStat, entryColumns, entryOf } from '../stored.ts';
import type { PostgresStore } from '../store.ts';
import { msOf } from '../wire/statement.ts';
import type { Session } from '../wire/session.ts';
import type { Statement } from '../wire/statement.ts';

/** The last call of a member on a ledger; without `applied` it was fenced. */
export interface LastStamp {
  readonly sequence: number;
  readonly applied: Applied | undefined;
}

export interface Seen {
  readonly entries: readonly (StoredEntry | undefined)[];
  readonly scopes: readonly ScopeStat[];
  readonly stamp: LastStamp | undefined;
  /** The clock, not yet compared with the head. */
  readonly now: number;
}

const kinds = { entry: 0, scope: 1, stamp: 2, clock: 3 } as const;

export class Views {
  readonly #store: PostgresStore;
  readonly #select: Statement;

  constructor(store: PostgresStore) {
    this.#store = store;
    this.#select = store.prepare(`SELECT ${kinds.entry}, r.n::int, ${entryColumns}
      FROM unnest($2::text[], $3::text[]) WITH ORDINALITY r (scope, key, n)
      CROSS JOIN LATERAL (SELECT * FROM {entry} e
        WHERE e.ledger = $1 AND e.scope = r.scope AND e.key = r.key LIMIT 1) e
    UNION ALL
    SELECT ${kinds.scope}, r.n::int, s.entries, s.bytes, s.revision,
        NULL, NULL, NULL, NULL, NULL, NULL
      FROM unnest($4::text[]) WITH ORDINALITY r (name, n)
      CROSS JOIN LATERAL (SELECT * FROM {scope} s
        WHERE s.ledger = $1 AND s.name = r.name LIMIT 1) s
    UNION ALL
    SELECT ${kinds.stamp}, 0, sequence, base, time, NULL, NULL, NULL, NULL, incarnation, NULL
      FROM {stamp} WHERE ledger = $1 AND member = $5
    UNION ALL
    SELECT ${kinds.clock}, 0, coalesce($6::bigint, ${msOf('clock_timestamp()')}),
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL`);
  }

  async see(session: Session, ledger: string, member: string, reads: Reads): Promise<Seen> {
    const { refs, scopes } = reads;
    const { rows } = await session.run(this.#select, [
      ledger,
      refs.map(({ scope }) => scope),
      refs.map(({ key }) => key),
      scopes,
      member,
      this.#store.now(),
    ]);
    const entries: (StoredEntry | undefined)[] = refs.map(() => undefined);
    const stats = scopes.map(emptyStat);
    let stamp: LastStamp | undefined;
    let now = 0;
    for (const row of rows) {
      const index = (row[1] as number) - 1;
      const [first, second, third] = row.slice(2, 5) as [number, number | null, number];
      switch (row[0]) {
        case kinds.entry: {
          const ref = refs[index];
          if (ref !== undefined) entries[index] = entryOf(ref, row, 2);
          break;
        }
        case kinds.scope:
          stats[index] = {
            scope: scopes[index] ?? '',
            entries: first,
            bytes: second ?? 0,
            revision: third,
          };
          break;
        case kinds.stamp:
          stamp = stampOf(first, second, row[9], third);
          break;
        default:
          now = first;
      }
    }
    return { entries, scopes: stats, stamp, now };
  }
}

function stampOf(
  sequence: number,
  base: number | null,
  incarnation: unknown,
  time: number,
): LastStamp {
  if (base === null) return { sequence, applied: undefined };
  const applied: Applied = { kind: 'applied', base, incarnation: incarnation as string, time };
  return { sequence, applied };
}
