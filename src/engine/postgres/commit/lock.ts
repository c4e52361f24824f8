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
import type { Head } from '../../entry.ts';
import type { Durability } from '../../transaction.ts';
import { layoutVersion, newer } from '../schema.ts';
import { headColumns, headOf } from '../stored.ts';
import type { PostgresStore } from '../store.ts';
import { applicationName, sessionSettings } from '../wire/driver.ts';
import { explain, isLockTimeout } from '../wire/failure.ts';
import type { Session } from '../wire/session.ts';
import type { Statement } from '../wire/statement.ts';

/** A ledger whose row is locked. */
export interface Held {
  readonly session: Session;
  readonly ledger: string;
  readonly head: Head;
  /** The run of the server that the next commit belongs to. */
  readonly run: string;
  /** Whether nothing can have been lost since the last commit. */
  readonly continues: boolean;
}

/** Thrown by a body that wants the lock anew, with fresher entries. */
export class Again extends Error {}

const begin = 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE';

/** The first attempt may find that the ledger has no row yet, or the server no run. */
const attemptsMin = 3;

const transactionTimeoutVersion = 170_000;

export class Locks {
  readonly #store: PostgresStore;
  readonly #lock: Statement;
  readonly #share: Statement;
  readonly #create: Statement;
  readonly #beginRun: Statement;
  readonly #endStalled: Statement;

  constructor(store: PostgresStore) {
    const { prepare } = store;
    this.#store = store;
    this.#lock = prepare(`SELECT ${headColumns}, r.id,
        l.run = r.id AND l.writer = l.xmin::text::bigint, (SELECT oldest FROM {store})
      FROM {ledger} l LEFT JOIN {server_run} r ON r.started = pg_postmaster_start_time()
      WHERE l.name = $1 FOR NO KEY UPDATE OF l`);
    this.#share = prepare(`SELECT FROM {ledger} WHERE name = $1 FOR SHARE`);
    this.#create = prepare(`INSERT INTO {ledger} (name) VALUES ($1) ON CONFLICT DO NOTHING`);
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
      session.batch(this.#begin(session, durability)),
      session.run(this.#lock, [ledger]),
      first(session),
    ]);
    let done = false;
    try {
      await begun;
      const [row] = (await locked).rows;
      const answer = await asked;
      if (row === undefined) throw new Again();
      const [run, continues, oldest] = row.slice(7) as [string | null, boolean | null, number];
      if (oldest > layoutVersion) throw newer(this.#store.settings, oldest);
      if (run === null) throw new Again();
      const held = { session, ledger, head: headOf(row), run, continues: continues === true };
      const result = await body(held, answer);
      done = true;
      return result;
    } finally {
      asked.catch(() => undefined);
      if (!done && !session.isBroken) await this.#leave(session, ledger, locked);
    }
  }

  /** Ends a transaction that failed, and makes what it found missing. */
  async #leave(
    session: Session,
    ledger: string,
    locked: Promise<{ readonly rows: readonly (readonly unknown[])[] }>,
  ): Promise<void> {
    const rows = await locked.then(
      (answer) => answer.rows,
      () => undefined,
    );
    await session.batch('ROLLBACK').catch(() => undefined);
    if (rows === undefined || session.isBroken) return;
    const [row] = rows;
    if (row === undefined) await session.run(this.#create, [ledger]);
    if (row?.[7] == null) {
      await session.run(this.#beginRun, [this.#store.options.random.hex(8)]);
    }
  }

  /** What a transaction begins with; a direct connection has started with the rest. */
  #begin(session: Session, durability: Durability): string {
    const { settings, facts } = this.#store;
    const own: Record<string, string | number> = session.isDirect ? {} : sessionSettings(settings);
    if (durability !== 'sync') own['synchronous_commit'] = 'off';
    else if (!facts.isSyncByDefault) own['synchronous_commit'] = facts.syncCommit;
    if (facts.version >= transactionTimeoutVersion) own['transaction_timeout'] = settings.timeoutMs;
    const rest = Object.entries(own).map(([name, value]) => `; SET LOCAL ${name} = ${value}`);
    return `${begin}${rest.join('')}`;
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
          answer.catch(() => undefined);
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
