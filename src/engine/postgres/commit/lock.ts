/**
 * Holding a ledger: one transaction whose first statement takes the lock of its row.
 *
 * L1. Statements behind the lock see every commit of those who held it before: under READ COMMITTED
 *     each statement takes its own snapshot. A lock inside a larger statement would be waited for
 *     after the snapshot was taken, and updates would be lost.
 * L2. Nobody holds a ledger while its client stalls: the server ends transactions that are idle for
 *     `stallMs`. It does not see a client that stops in the middle of a flight, so whoever has
 *     waited that long looks for such clients and ends them.
 * L3. What fails before the writing flight left nothing behind and is tried again for up to
 *     `busyTimeoutMs`.
 */
import { systemClock } from '../../../internal/clock.ts';
import { HoldfastError, isHoldfastError } from '../../../errors/index.ts';
import type { Durability } from '../../transaction.ts';
import type { PostgresStore } from '../store.ts';
import { applicationName } from '../wire/driver.ts';
import { explain, isLockTimeout } from '../wire/failure.ts';
import type { Row, Session } from '../wire/session.ts';
import type { Statement } from '../wire/statement.ts';
import { begin, beginningOf, hasRun, heldOf, lockedRows } from './held.ts';
import type { Held } from './held.ts';

/** Thrown by a body that wants the lock anew, with fresher entries. */
export class Again extends Error {}

/** The first attempt may find that the ledger has no row yet, or the server no run. */
const attemptsMin = 3;

/** Past these many, it is no longer known which ledgers have a row. */
const rowsMax = 100_000;

export class Locks {
  readonly #store: PostgresStore;
  readonly #lock: Statement;
  readonly #lockFree: Statement;
  readonly #share: Statement;
  readonly #create: Statement;
  readonly #beginRun: Statement;
  readonly #endStalled: Statement;
  /** Ledgers that are known to have a row. */
  readonly #rows = new Set<string>();

  constructor(store: PostgresStore) {
    const { prepare } = store;
    this.#store = store;
    this.#lock = prepare(`${lockedRows} WHERE l.name = $1 FOR NO KEY UPDATE OF l`);
    this.#lockFree = prepare(
      `${lockedRows} WHERE l.name = ANY ($1::text[]) FOR NO KEY UPDATE OF l SKIP LOCKED`,
    );
    this.#share = prepare(`SELECT FROM {ledger} WHERE name = $1 FOR SHARE`);
    // In one order, so that two processes cannot wait for each other.
    this.#create = prepare(`INSERT INTO {ledger} (name) SELECT n FROM unnest($1::text[]) n
      ORDER BY n COLLATE "C" ON CONFLICT DO NOTHING`);
    this.#beginRun = prepare(`INSERT INTO {server_run} AS was (id, started)
      VALUES ($1, pg_postmaster_start_time()) ON CONFLICT (one) DO UPDATE
      SET id = excluded.id, started = excluded.started WHERE was.started <> excluded.started`);
    this.#endStalled = prepare(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE usename = current_user AND application_name = $1 AND wait_event_type = 'Client'
        AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
        AND greatest(query_start, state_change) < clock_timestamp() - $2 * interval '1 ms'`);
  }

  /**
   * Runs `body` with the ledger held. `first` is asked in the same flight as the lock. The body
   * ends the transaction itself where it writes; if it throws, nothing was written.
   */
  async hold<T, F>(
    ledger: string,
    durability: Durability,
    first: (session: Session) => Promise<F>,
    body: (held: Held, first: F) => Promise<T>,
  ): Promise<T> {
    const deadline = systemClock.monotonic() + this.#store.options.busyTimeoutMs;
    for (let attempts = 1, losses = 0; ; attempts += 1) {
      try {
        return await this.#store.writing.lend((session) =>
          this.#attempt(session, { ledger, durability, first, body }),
        );
      } catch (error) {
        const isLate = systemClock.monotonic() >= deadline;
        if (error instanceof Again) {
          if (isLate && attempts >= attemptsMin) throw contended(ledger);
        } else if (isLockTimeout(error)) {
          await this.#makeWay();
          if (isLate) throw explain(error, this.#store.settings.place);
        } else {
          losses += 1;
          const isOver = isLate || losses > 2 || !this.#store.mayTryAgain(error);
          if (isOver) throw error;
        }
      }
    }
  }

  async #attempt<T, F>(session: Session, terms: Terms<T, F>): Promise<T> {
    const { ledger, durability, first, body } = terms;
    const [begun, locked, asked] = session.flight(() => [
      session.batch(beginningOf(this.#store, session, durability)),
      session.run(this.#lock, [ledger]),
      first(session),
    ]);
    let done = false;
    try {
      await begun;
      const [row] = (await locked).rows;
      const answer = await asked;
      if (row === undefined || !hasRun(row)) throw new Again();
      this.#noteRow(ledger);
      const result = await body(heldOf(this.#store, session, row), answer);
      done = true;
      return result;
    } finally {
      if (!done && !session.isBroken) await this.#leave(session, ledger, locked);
    }
  }

  /** Ends a transaction that failed, and makes what it found missing. */
  async #leave(
    session: Session,
    ledger: string,
    locked: Promise<{ readonly rows: readonly Row[] }>,
  ): Promise<void> {
    const rows = await locked.then(
      (answer) => answer.rows,
      () => undefined,
    );
    await session.batch('ROLLBACK').catch(() => undefined);
    if (rows === undefined || session.isBroken) return;
    const [row] = rows;
    if (row === undefined) await session.run(this.#create, [[ledger]]);
    if (row === undefined || !hasRun(row)) await this.#newRun(session);
  }

  /**
   * Begins a transaction that holds those of `ledgers` that nobody else does, by name, and asks
   * `first` in the same flight. Whoever called ends the transaction, whatever is thrown.
   */
  async holdFree<F>(
    session: Session,
    ledgers: readonly string[],
    durability: Durability,
    first: (session: Session) => Promise<F>,
  ): Promise<{ readonly held: ReadonlyMap<string, Held>; readonly first: F }> {
    const fresh = ledgers.filter((ledger) => !this.#rows.has(ledger));
    if (fresh.length > 0) await session.run(this.#create, [fresh]);
    for (const ledger of fresh) this.#noteRow(ledger);
    const [begun, locked, asked] = session.flight(() => [
      session.batch(beginningOf(this.#store, session, durability)),
      session.run(this.#lockFree, [ledgers]),
      first(session),
    ]);
    await begun;
    const { rows } = await locked;
    const answer = await asked;
    if (!rows.every(hasRun)) {
      await session.batch('ROLLBACK');
      await this.#newRun(session);
      throw new Again();
    }
    const held = rows.map((row) => heldOf(this.#store, session, row));
    return { held: new Map(held.map((one) => [one.ledger, one])), first: answer };
  }

  async #newRun(session: Session): Promise<void> {
    await session.run(this.#beginRun, [this.#store.options.random.hex(8)]);
  }

  #noteRow(ledger: string): void {
    if (this.#rows.size >= rowsMax) this.#rows.clear();
    this.#rows.add(ledger);
  }

  /**
   * Asks while nobody is in the middle of a commit to the ledger: what is seen of it is not about
   * to be followed by a commit that was judged before.
   */
  async share<T>(ledger: string, ask: (session: Session) => Promise<T>): Promise<T> {
    const deadline = systemClock.monotonic() + this.#store.options.busyTimeoutMs;
    const { stallMs } = this.#store.settings;
    for (;;) {
      try {
        return await this.#store.asking(async (session) => {
          const [begun, shared, answer] = session.flight(
            () =>
              [
                session.batch(`${begin}; SET LOCAL lock_timeout = ${stallMs}`),
                session.run(this.#share, [ledger]),
                ask(session),
              ] as const,
          );
          try {
            await begun;
            await shared;
            return await answer;
          } finally {
            await session.batch('ROLLBACK').catch(() => undefined);
          }
        });
      } catch (error) {
        if (!isHoldfastError(error, 'busy') || systemClock.monotonic() >= deadline) throw error;
        await this.#makeWay();
      }
    }
  }

  /** L2: ends the transactions of clients that have stalled in them. */
  async #makeWay(): Promise<void> {
    const { schema, stallMs } = this.#store.settings;
    await this.#store.asking((session) =>
      session.run(this.#endStalled, [applicationName(schema), stallMs]),
    );
  }
}

interface Terms<T, F> {
  readonly ledger: string;
  readonly durability: Durability;
  first(session: Session): Promise<F>;
  body(held: Held, first: F): Promise<T>;
}

function contended(ledger: string): HoldfastError {
  const message = `'${ledger}' was not held long enough to commit to it`;
  return new HoldfastError('contended', message, { details: { app: ledger } });
}
