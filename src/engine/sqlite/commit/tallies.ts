/**
 * The scopes that one decision names: their numbers, and what it adds to their counts.
 *
 * A scope gets its row with the decision that first puts an entry into it, with no counts yet.
 */
import type { Decision } from '../../transaction.ts';
import type { Connection } from '../file/connection.ts';
import type { Ledgers, LedgerState, ScopeState } from '../ledgers.ts';
import { addCounts, emptyTail, writeCounts } from '../tail.ts';
import type { Counts, Tail } from '../tail.ts';

/** Scopes of the ledger itself, which its totals leave out. */
const uncountedPrefix = '$ledger/';

const insertScope = `INSERT INTO scope (ledger, name, entries, bytes, revision)
  VALUES (?, ?, 0, 0, 0) RETURNING id`;

export interface Tally extends Counts {
  readonly state: ScopeState;
  id: number;
  /** Whether its counts change. */
  isCounted: boolean;
}

export class Tallies {
  /** Whether a row was made. */
  hasNew = false;
  readonly #connection: Connection;
  readonly #ledgers: Ledgers;
  readonly #ledger: LedgerState;
  readonly #byName = new Map<string, Tally>();

  constructor(connection: Connection, ledgers: Ledgers, ledger: LedgerState) {
    this.#connection = connection;
    this.#ledgers = ledgers;
    this.#ledger = ledger;
  }

  /** Counts a decision, and makes the rows that are missing for the ledger numbered `ledger`. */
  count({ scopes, writes }: Decision, ledger: number, base: number): void {
    for (const { scope, entries, bytes, offset } of scopes) {
      const tally = this.of(scope);
      tally.entries += entries;
      tally.bytes += bytes;
      tally.isCounted = true;
      if (offset !== undefined) tally.revision = Math.max(tally.revision, base + offset);
      if (tally.id === 0) this.#make(ledger, scope, tally);
    }
    for (const { kind, scope } of writes) {
      const tally = this.of(scope);
      if (kind === 'put' && tally.id === 0) this.#make(ledger, scope, tally);
    }
  }

  of(scope: string): Tally {
    const known = this.#byName.get(scope);
    if (known !== undefined) return known;
    const state = this.#ledgers.scope(this.#ledger, scope);
    const tally = { state, id: state.id, entries: 0, bytes: 0, revision: 0, isCounted: false };
    this.#byName.set(scope, tally);
    return tally;
  }

  /** What the decision adds to the totals of the ledger. */
  growth(): { entries: number; bytes: number } {
    const sum = { entries: 0, bytes: 0 };
    for (const [name, { entries, bytes }] of this.#byName) {
      if (name.startsWith(uncountedPrefix)) continue;
      sum.entries += entries;
      sum.bytes += bytes;
    }
    return sum;
  }

  /** As the log row tells it. */
  encode(base: number): string {
    const fields: number[] = [];
    for (const { id, entries, bytes, revision, isCounted } of this.#byName.values()) {
      if (isCounted) fields.push(id, entries, bytes, Math.max(0, revision - base));
    }
    return JSON.stringify(fields);
  }

  addTo(tail: Tail): void {
    for (const tally of this.#byName.values()) {
      if (tally.isCounted) addCounts(tail, tally.id, tally);
    }
  }

  /** Brings the rows up to date, with what the ledger's tail adds to them. */
  fold(): void {
    const sum = emptyTail();
    for (const [id, counts] of this.#ledgers.tail(this.#ledger).scopes) addCounts(sum, id, counts);
    this.addTo(sum);
    for (const [id, counts] of sum.scopes) writeCounts(this.#connection, id, counts);
  }

  /** Makes the numbers known to this process; after COMMIT. */
  publish(): void {
    for (const [name, { state, id }] of this.#byName) {
      state.id = id;
      // The map may have been emptied since: what is written is what is known again.
      this.#ledger.scopes.set(name, state);
    }
  }

  #make(ledger: number, name: string, tally: Tally): void {
    tally.id = this.#connection.first(insertScope, ledger, name)?.[0] as number;
    this.hasNew = true;
  }
}
