/**
 * Reading ranges: entries of a scope, scopes of a ledger, what is due, which ledgers there are.
 *
 * Each answer is of one snapshot, taken after its time was drawn (R1 of `read.ts`). Texts differ by
 * the bounds that are given, so that each has a plan that goes by the index.
 */
import type { Incarnation, ScanRange } from '../entry.ts';
import type { Due, ScanResult, ScopeQuery, ScopesResult } from '../engine.ts';
import type { Locks } from './commit/lock.ts';
import { hasDead, Moments } from './read.ts';
import type { PostgresStore } from './store.ts';
import { entryColumns, entryOf } from './stored.ts';
import type { Row, Session } from './wire/session.ts';
import { msOf } from './wire/statement.ts';
import type { Statement } from './wire/statement.ts';

const beginSnapshot = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

type Bound = readonly [operator: string, value: string | undefined];

export class Ranges {
  readonly #store: PostgresStore;
  readonly #locks: Locks;
  readonly #moments: Moments;
  readonly #statements = new Map<string, Statement>();

  constructor(store: PostgresStore, locks: Locks) {
    this.#store = store;
    this.#locks = locks;
    this.#moments = new Moments(store);
  }

  async scan(ledger: string, range: ScanRange): Promise<ScanResult> {
    const [statement, values] = this.#scanOf(ledger, range);
    const ask = async (session: Session): Promise<ScanResult> => {
      const [moment, answer] = session.flight(() => [
        this.#moments.at(session, ledger),
        session.run(statement, values),
      ]);
      const { scope } = range;
      const { rows } = await answer;
      const entries = rows.map((row) => entryOf({ scope, key: row[9] as string }, row));
      return { ...(await moment), entries };
    };
    const result = await this.#snapshot(ask);
    if (!hasDead(result.entries, result.time)) return result;
    return this.#locks.share(ledger, ask);
  }

  async scopes(ledger: string, query: ScopeQuery): Promise<ScopesResult> {
    const { from, to, after, limit } = query;
    const values: unknown[] = [ledger, Math.max(0, limit), this.#store.now()];
    const bounds = boundsOf('s.name', values, [
      ['>=', from],
      ['<=', to],
      ['>', after],
    ]);
    const statement = this.#prepared(`SELECT s.name, s.entries, s.bytes, s.revision,
        coalesce(x.entries, 0), coalesce(x.bytes, 0)
      FROM (SELECT * FROM {scope} s WHERE s.ledger = $1 AND s.entries > 0${bounds}
        ORDER BY s.name LIMIT $2) s
      LEFT JOIN (SELECT e.scope, count(*) AS entries, sum(e.size)::bigint AS bytes FROM {entry} e
        WHERE e.ledger = $1 AND e.expires_at <= greatest(coalesce($3::bigint, ${msOf('now()')}),
          (SELECT time FROM {ledger} WHERE name = $1))
        GROUP BY e.scope) x ON x.scope = s.name
      ORDER BY s.name`);
    const ask = async (session: Session): Promise<ScopesResult> => {
      const [moment, answer] = session.flight(() => [
        this.#moments.at(session, ledger),
        session.run(statement, values),
      ]);
      const scopes = (await answer).rows.map(censusOf);
      return { ...(await moment), scopes };
    };
    const result = await this.#snapshot(ask);
    if (result.scopes.every(({ expiredEntries }) => expiredEntries === 0)) return result;
    return this.#locks.share(ledger, ask);
  }

  async due(now: number, limit: number): Promise<Due[]> {
    const statement = this.#prepared(`SELECT ledger, scope, key, expires_at FROM {entry}
      WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2`);
    const rows = await this.#rows(statement, [now, Math.max(0, limit)]);
    return rows.map(([ledger, scope, key, expiresAt]) => ({
      ledger: ledger as string,
      scope: scope as string,
      key: key as string,
      expiresAt: expiresAt as number,
    }));
  }

  async ledgers(): Promise<string[]> {
    const statement = this.#prepared(`SELECT name FROM {ledger} WHERE revision > 0 ORDER BY name`);
    return (await this.#rows(statement, [])).map(([name]) => name as string);
  }

  async incarnations(ledger: string): Promise<Incarnation[]> {
    const statement = this.#prepared(
      `SELECT id, start FROM {incarnation} WHERE ledger = $1 ORDER BY start`,
    );
    const rows = await this.#rows(statement, [ledger]);
    return rows.map(([id, from]) => ({ id: id as string, from: from as number }));
  }

  async #rows(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]> {
    return (await this.#store.asking((session) => session.run(statement, values))).rows;
  }

  #snapshot<T>(ask: (session: Session) => Promise<T>): Promise<T> {
    return snapshot(this.#store, ask);
  }

  #scanOf(ledger: string, range: ScanRange): [Statement, unknown[]] {
    const { scope, from, to, after, reverse, limit, keysOnly } = range;
    const values: unknown[] = [ledger, scope, Math.max(0, limit)];
    const bounds = boundsOf('e.key', values, [
      ['>=', from],
      ['<', to],
      [reverse ? '<' : '>', after],
    ]);
    const columns = keysOnly
      ? entryColumns.replace('e.content, e.bytes', `'', NULL`)
      : entryColumns;
    const text = `SELECT ${columns}, e.key FROM {entry} e
      WHERE e.ledger = $1 AND e.scope = $2${bounds}
      ORDER BY e.key ${reverse ? 'DESC' : 'ASC'} LIMIT $3`;
    return [this.#prepared(text), values];
  }

  #prepared(text: string): Statement {
    const known = this.#statements.get(text) ?? this.#store.prepare(text);
    this.#statements.set(text, known);
    return known;
  }
}

/** Runs `ask` on one moment of the store; all that it asks for at once is one round trip. */
export function snapshot<T>(
  store: PostgresStore,
  ask: (session: Session) => Promise<T>,
): Promise<T> {
  return store.asking(async (session) => {
    const [, answer] = session.flight(() => [session.batch(beginSnapshot), ask(session)] as const);
    try {
      return await answer;
    } finally {
      void session.batch('ROLLBACK');
    }
  });
}

/** ` AND column >= $n …` for the bounds that are given, whose values are added. */
function boundsOf(column: string, values: unknown[], bounds: readonly Bound[]): string {
  let conditions = '';
  for (const [operator, value] of bounds) {
    if (value === undefined) continue;
    const [sign, text] = storable(operator, value);
    values.push(text);
    conditions += ` AND ${column} ${sign} $${values.length}`;
  }
  return conditions;
}

/** Postgres takes no NUL. What lies on either side of `a\0b` is told by `a`, which lies below. */
function storable(operator: string, value: string): readonly [string, string] {
  const at = value.indexOf('\0');
  if (at < 0) return [operator, value];
  return [operator.startsWith('>') ? '>' : '<=', value.slice(0, at)];
}

function censusOf(row: Row) {
  const [entries, bytes, revision, expiredEntries, expiredBytes] = row.slice(1) as number[];
  return {
    scope: row[0] as string,
    entries: entries ?? 0,
    bytes: bytes ?? 0,
    revision: revision ?? 0,
    expiredEntries: expiredEntries ?? 0,
    expiredBytes: expiredBytes ?? 0,
  };
}
