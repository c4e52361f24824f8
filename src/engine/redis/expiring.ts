/**
 * Which ledgers have something to sweep, without asking all of them.
 *
 * D1. `expiring` has a moment for each ledger, at or before its earliest expiry. A commit announces
 *     an earlier one before it is made.
 * D2. A moment that has come without anything to sweep is moved on: to the ledger's next expiry, at
 *     most by `lookAgainMs`, for a commit may be under way that has announced itself and is not
 *     there yet. So such a race delays a sweep, and loses none.
 * D3. A failover may lose announcements, so all ledgers are looked at when the engine opens, after
 *     each new connection, and now and then.
 *
 * What is dead is dead for every reader without any of this.
 */
import { compareText } from '../../internal/text-order.ts';
import type { Due } from '../engine.ts';
import { listOf, numberOf, refOfField, textOf } from './encoding.ts';
import type { Keyspace } from './keyspace.ts';
import type { Ledgers } from './ledgers.ts';
import type { Reader } from './read.ts';
import { moveOn } from './scripts/read.ts';
import type { Connection } from './server/connection.ts';

const lookAgainMs = 60_000;
/** Every so many looks take in all ledgers: every few minutes. */
const wideEvery = 1000;

export class Expiring {
  readonly #connection: Connection;
  readonly #keyspace: Keyspace;
  readonly #ledgers: Ledgers;
  readonly #reader: Reader;
  #looks = 0;
  #generation = -1;

  constructor(connection: Connection, keyspace: Keyspace, ledgers: Ledgers, reader: Reader) {
    this.#connection = connection;
    this.#keyspace = keyspace;
    this.#ledgers = ledgers;
    this.#reader = reader;
  }

  /** Before a commit that lets an entry die at `at`. */
  async announce(ledger: string, at: number): Promise<void> {
    await this.#connection.call('ZADD', this.#keyspace.expiring, 'LT', at, ledger);
  }

  async due(now: number, limit: number): Promise<Due[]> {
    if (limit <= 0) return [];
    const { generation } = this.#connection;
    const isWide = generation !== this.#generation || this.#looks % wideEvery === 0;
    const found = await Promise.all(
      isWide
        ? (await this.#reader.ledgers()).map((name) => this.#dueOf(name, now, limit))
        : (await this.#candidates(now)).map((candidate) => this.#lookAt(candidate, now, limit)),
    );
    this.#looks += 1;
    this.#generation = generation;
    const due = found.flat();
    due.sort((a, b) => a.expiresAt - b.expiresAt || compareText(a.ledger, b.ledger));
    return due.slice(0, limit);
  }

  async #candidates(now: number): Promise<{ name: string; at: number }[]> {
    const { expiring } = this.#keyspace;
    const reply = listOf(
      await this.#connection.call('ZRANGEBYSCORE', expiring, '-inf', now, 'WITHSCORES'),
    );
    const candidates = [];
    for (let index = 0; index + 1 < reply.length; index += 2) {
      candidates.push({ name: textOf(reply[index]), at: numberOf(reply[index + 1]) });
    }
    return candidates;
  }

  async #lookAt(
    { name, at }: { readonly name: string; readonly at: number },
    now: number,
    limit: number,
  ): Promise<Due[]> {
    const due = await this.#dueOf(name, now, limit);
    if (due.length > 0) return due;
    const { expiry } = this.#ledgers.of(name).keys;
    const next = listOf(await this.#connection.call('ZRANGE', expiry, 0, 0, 'WITHSCORES'))[1];
    const again = Math.min(next === undefined ? Infinity : numberOf(next), now + lookAgainMs);
    await this.#connection.ask(moveOn, [this.#keyspace.expiring], [name, at, again]);
    return [];
  }

  async #dueOf(ledger: string, now: number, limit: number): Promise<Due[]> {
    const { expiry } = this.#ledgers.of(ledger).keys;
    const range = ['-inf', now, 'WITHSCORES', 'LIMIT', 0, limit];
    const reply = listOf(await this.#connection.call('ZRANGEBYSCORE', expiry, ...range));
    const due: Due[] = [];
    for (let index = 0; index + 1 < reply.length; index += 2) {
      const ref = refOfField(textOf(reply[index]));
      due.push({ ledger, ...ref, expiresAt: numberOf(reply[index + 1]) });
    }
    return due;
  }
}
