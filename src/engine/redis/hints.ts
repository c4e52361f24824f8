/**
 * Telling listeners that a head may have moved.
 *
 * H1. Listeners run after the call that moved a head, one by one: none can delay or fail a commit,
 *     or keep the next one from hearing of it.
 * H2. Each commit is published by the script that makes it. Messages may be lost with a connection,
 *     so heads are also looked at, every second: those of the ledgers that this process has to do
 *     with, and now and then, and whenever listening begins anew, those of all.
 */
import type { Timer } from '../../internal/clock.ts';
import { systemClock } from '../../internal/clock.ts';
import { numberOf } from './encoding.ts';
import type { Keyspace } from './keyspace.ts';
import type { Ledgers } from './ledgers.ts';
import type { Reader } from './read.ts';
import type { Connection } from './server/connection.ts';

type Listener = (ledger: string) => void;

const pollMs = 1000;
/** Every so many looks take in all ledgers. */
const wideEvery = 10;

export class Hints {
  readonly #connection: Connection;
  readonly #ledgers: Ledgers;
  readonly #reader: Reader;
  readonly #listeners = new Set<{ readonly call: Listener }>();
  readonly #heads = new Map<string, number>();
  #timer: Timer | undefined;
  #looks = 0;
  #isClosed = false;

  constructor(connection: Connection, keyspace: Keyspace, ledgers: Ledgers, reader: Reader) {
    this.#connection = connection;
    this.#ledgers = ledgers;
    this.#reader = reader;
    connection.listen(
      keyspace.hints,
      (ledger) => this.#tell(ledger),
      () => void this.#look(true),
    );
  }

  /** The same function may listen twice; each subscription ends by itself. */
  subscribe(listener: Listener): () => void {
    const subscription = { call: listener };
    this.#listeners.add(subscription);
    if (this.#timer === undefined) this.#poll();
    return () => {
      this.#listeners.delete(subscription);
    };
  }

  /** A commit of this process: its listeners need not wait for the message. */
  publish(ledger: string): void {
    this.#tell(ledger);
  }

  close(): void {
    this.#isClosed = true;
    this.#listeners.clear();
    this.#timer?.cancel();
  }

  #tell(ledger: string): void {
    for (const subscription of this.#listeners) {
      queueMicrotask(() => {
        if (this.#listeners.has(subscription)) subscription.call(ledger);
      });
    }
  }

  #poll(): void {
    this.#timer = systemClock.after(pollMs, () => {
      this.#looks += 1;
      void this.#look(this.#looks % wideEvery === 0).then(() => {
        if (!this.#isClosed) this.#poll();
      });
    });
  }

  async #look(isWide: boolean): Promise<void> {
    if (this.#listeners.size === 0 || this.#isClosed) return;
    // A hint may be lost (E4); whatever is wrong with the server, the next call will say so.
    const names = isWide ? await this.#reader.ledgers().catch(() => []) : this.#ledgers.names();
    await Promise.allSettled(names.map((name) => this.#lookAt(name)));
  }

  async #lookAt(name: string): Promise<void> {
    const { head } = this.#ledgers.of(name).keys;
    const revision = numberOf(await this.#connection.call('HGET', head, 'revision'));
    const known = this.#heads.get(name) ?? 0;
    this.#heads.set(name, revision);
    if (known !== revision && this.#listeners.size > 0) this.#tell(name);
  }
}
