/**
 * Reading entries one by one: those who wait at the same time are answered by one query.
 *
 * R1. A query sees one moment; its time was drawn before, and is not before the last commit's.
 * R2. An entry that is dead but still stored might be about to be written by a commit that found
 *     it alive. So it is read again when nobody is in the middle of one; then it is dead for good.
 */
import type { Ref, StoredEntry } from '../entry.ts';
import type { Moment, ReadResult } from '../engine.ts';
import type { Locks } from './commit/lock.ts';
import type { PostgresStore } from './store.ts';
import { emptyHead, entryColumns, entryOf, headColumns, headOf } from './stored.ts';
import type { Session } from './wire/session.ts';
import { msOf } from './wire/statement.ts';
import type { Statement } from './wire/statement.ts';

interface Waiting {
  readonly ledger: string;
  readonly refs: readonly Ref[];
  resolve(result: ReadResult): void;
  reject(error: unknown): void;
}

/** Queries under way at once, and refs in each; a larger single read still goes. */
const queriesMax = 2;
const refsMax = 4096;

const kinds = { entry: 0, head: 1, clock: 2 } as const;

export class Reader {
  readonly #store: PostgresStore;
  readonly #locks: Locks;
  readonly #select: Statement;
  #waiting: Waiting[] = [];
  #running = 0;
  #isDue = false;

  constructor(store: PostgresStore, locks: Locks) {
    this.#store = store;
    this.#locks = locks;
    this.#select = store.prepare(`SELECT ${kinds.entry}, r.n::int, ${entryColumns}
      FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY r (ledger, scope, key, n)
      CROSS JOIN LATERAL (SELECT * FROM {entry} e
        WHERE e.ledger = r.ledger AND e.scope = r.scope AND e.key = r.key LIMIT 1) e
    UNION ALL
    SELECT ${kinds.head}, r.n::int, l.revision, l.time, l.trimmed, l.entries, l.bytes, l.log_bytes,
        NULL, l.incarnation, NULL
      FROM unnest($4::text[]) WITH ORDINALITY r (name, n)
      CROSS JOIN LATERAL (SELECT * FROM {ledger} l WHERE l.name = r.name LIMIT 1) l
    UNION ALL
    SELECT ${kinds.clock}, 0, coalesce($5::bigint, ${msOf('now()')}),
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL`);
  }

  read(ledger: string, refs: readonly Ref[]): Promise<ReadResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ledger, refs, resolve, reject });
      this.#wake();
    });
  }

  #wake(): void {
    if (this.#isDue || this.#waiting.length === 0 || this.#running >= queriesMax) return;
    this.#isDue = true;
    this.#store.options.clock.soon(() => {
      this.#isDue = false;
      void this.#next();
    });
  }

  async #next(): Promise<void> {
    const taken = this.#take();
    if (taken.length === 0) return;
    this.#running += 1;
    this.#wake();
    try {
      const results = await this.#store.asking((session) => this.#ask(session, taken));
      for (const [index, one] of taken.entries()) {
        const result = results[index] as ReadResult;
        if (hasDead(result.entries, result.time)) void this.#again(one);
        else one.resolve(result);
      }
    } catch (error) {
      for (const one of taken) one.reject(error);
    }
    this.#running -= 1;
    this.#wake();
  }

  #take(): Waiting[] {
    let [count, refs] = [0, 0];
    for (const one of this.#waiting) {
      refs += one.refs.length;
      if (count > 0 && refs > refsMax) break;
      count += 1;
    }
    const taken = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    return taken;
  }

  async #again(one: Waiting): Promise<void> {
    try {
      const [result] = await this.#locks.share(one.ledger, (session) => this.#ask(session, [one]));
      one.resolve(result as ReadResult);
    } catch (error) {
      one.reject(error);
    }
  }

  async #ask(session: Session, reads: readonly Waiting[]): Promise<ReadResult[]> {
    const refs = reads.flatMap((one) => one.refs);
    const names = reads.flatMap(({ ledger, refs: own }) => own.map(() => ledger));
    const ledgers = [...new Set(reads.map(({ ledger }) => ledger))];
    const { rows } = await session.run(this.#select, [
      names,
      refs.map(({ scope }) => scope),
      refs.map(({ key }) => key),
      ledgers,
      this.#store.now(),
    ]);
    const found: (StoredEntry | undefined)[] = refs.map(() => undefined);
    const heads = ledgers.map(() => emptyHead);
    let now = 0;
    for (const row of rows) {
      const index = (row[1] as number) - 1;
      if (row[0] === kinds.entry) found[index] = entryOf(refs[index] as Ref, row, 2);
      else if (row[0] === kinds.head) heads[index] = headOf([...row.slice(2, 8), row[9]]);
      else now = row[2] as number;
    }
    let start = 0;
    return reads.map(({ ledger, refs: own }) => {
      const entries = found.slice(start, (start += own.length));
      return { ...momentOf(heads[ledgers.indexOf(ledger)] ?? emptyHead, now), entries };
    });
  }
}

export function momentOf(head: Moment['head'], now: number): Moment {
  return { head, time: Math.max(now, head.time) };
}

export function hasDead(entries: readonly (StoredEntry | undefined)[], time: number): boolean {
  return entries.some((entry) => entry?.expiresAt !== undefined && entry.expiresAt <= time);
}

/** The head of one ledger and the time, for reads that ask for more within one snapshot. */
export class Moments {
  readonly #store: PostgresStore;
  readonly #select: Statement;

  constructor(store: PostgresStore) {
    this.#store = store;
    this.#select = store.prepare(`SELECT ${headColumns}, c.now
      FROM (SELECT coalesce($2::bigint, ${msOf('now()')}) AS now) c
      LEFT JOIN {ledger} l ON l.name = $1`);
  }

  async at(session: Session, ledger: string): Promise<Moment> {
    const [row = []] = (await session.run(this.#select, [ledger, this.#store.now()])).rows;
    return momentOf(row[0] === null ? emptyHead : headOf(row), row[7] as number);
  }
}
