/** Reading the log of a ledger: one row for each group. */
import type { LogQuery, LogResult, LogRow } from '../engine.ts';
import { snapshot } from './ranges.ts';
import { Moments } from './read.ts';
import type { PostgresStore } from './store.ts';
import type { Row, Session } from './wire/session.ts';
import type { Statement } from './wire/statement.ts';

/** More than any log holds. */
const everything = 2 ** 53 - 1;

export class LogReader {
  readonly #store: PostgresStore;
  readonly #moments: Moments;
  readonly #rows: Statement;
  readonly #tags: Statement;
  readonly #bodies: Statement;

  constructor(store: PostgresStore) {
    const { prepare } = store;
    this.#store = store;
    this.#moments = new Moments(store);
    // The length of a body is known without fetching it. One row more than may be examined tells
    // whether anything lies behind.
    this.#rows = prepare(`WITH page AS (
        SELECT first, last, time, tags, octet_length(body) AS size FROM {log}
        WHERE ledger = $1 AND last > $2 ORDER BY last LIMIT $3::bigint + 1
      ), measured AS (
        SELECT *, row_number() OVER (ORDER BY last) AS number, coalesce(sum(size) OVER
          (ORDER BY last ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before FROM page)
      SELECT m.first, m.last, m.time, m.tags, m.size, CASE WHEN number <= $3 AND before < $4::bigint
        THEN (SELECT body FROM {log} l WHERE l.ledger = $1 AND l.last = m.last) END
      FROM measured m ORDER BY m.last`);
    this.#tags = prepare(`SELECT first, last, time, tags, octet_length(body) FROM {log}
      WHERE ledger = $1 AND last > $2 ORDER BY last LIMIT $3::bigint + 1`);
    this.#bodies = prepare(`SELECT body FROM {log}
      WHERE ledger = $1 AND last = ANY ($2::bigint[]) ORDER BY last`);
  }

  read(ledger: string, query: LogQuery): Promise<LogResult> {
    return snapshot(this.#store, (session) =>
      query.wants === undefined
        ? this.#all(session, ledger, query)
        : this.#wanted(session, ledger, query),
    );
  }

  async #all(session: Session, ledger: string, query: LogQuery): Promise<LogResult> {
    const { after, limit, maxBytes = Infinity } = query;
    const values = [ledger, after, limit, Math.min(maxBytes, everything)];
    const [moment, answer] = session.flight(() => [
      this.#moments.at(session, ledger),
      session.run(this.#rows, values),
    ]);
    const { taken, through } = examine((await answer).rows, query);
    const { head, time } = await moment;
    return {
      head,
      time,
      rows: taken.map((row) => logRowOf(row, row[5])),
      through: through ?? Math.max(after, head.revision),
    };
  }

  async #wanted(session: Session, ledger: string, query: LogQuery): Promise<LogResult> {
    const [moment, answer] = session.flight(() => [
      this.#moments.at(session, ledger),
      session.run(this.#tags, [ledger, query.after, query.limit]),
    ]);
    const { taken, through } = examine((await answer).rows, query);
    const { head, time } = await moment;
    const lasts = taken.map((row) => row[1]);
    const bodies =
      lasts.length === 0 ? [] : (await session.run(this.#bodies, [ledger, lasts])).rows;
    return {
      head,
      time,
      rows: taken.map((row, index) => logRowOf(row, bodies[index]?.[0])),
      through: through ?? Math.max(query.after, head.revision),
    };
  }
}

/** `through` is undefined if nothing lies behind the rows. */
function examine(
  rows: readonly Row[],
  { after, limit, maxBytes = Infinity, wants }: LogQuery,
): { taken: Row[]; through: number | undefined } {
  const taken: Row[] = [];
  let [examined, bytes, through] = [0, 0, after];
  for (const row of rows) {
    if (examined >= limit || bytes >= maxBytes) return { taken, through };
    examined += 1;
    through = row[1] as number;
    if (wants !== undefined && !wants(row[3] as string)) continue;
    taken.push(row);
    bytes += row[4] as number;
  }
  return { taken, through: undefined };
}

function logRowOf(row: Row, body: unknown): LogRow {
  const [first, last, time] = row as readonly number[];
  return {
    first: first ?? 0,
    last: last ?? 0,
    time: time ?? 0,
    tags: row[3] as string,
    body: body as string,
  };
}
