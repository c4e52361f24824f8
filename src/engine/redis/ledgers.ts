/**
 * What this process knows of each ledger: its keys, and how far it has seen its history.
 *
 * R1. `seen` is the furthest position that this process was ever shown or given. A head that does
 *     not have it in its history is that of a server that lost commits: a restart without the tail
 *     of its file, a failover to a replica that was behind, a restored copy.
 * R2. Such a loss is told once in each process, as `regressed`, by the first call that meets it.
 *     Nothing of that call was applied. Then the process goes on with the history that is there.
 * R3. A position of the lost part never becomes valid again: the first commit after a restart or a
 *     promotion begins a new incarnation (scripts/apply.ts), below the lost positions.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { Head, Incarnation } from '../entry.ts';
import { headOf, listOf, numberOf, textOf } from './encoding.ts';
import type { Keyspace, LedgerKeys } from './keyspace.ts';
import { readHistory } from './scripts/read.ts';
import type { Connection } from './server/connection.ts';

export interface LedgerState {
  readonly name: string;
  readonly keys: LedgerKeys;
  /** Whether this opening has committed to it. */
  isBegun: boolean;
  /** The connection's generation in which the ledger was put into the store's list. */
  listedIn: number;
  seen: { readonly incarnation: string; readonly revision: number };
}

/** Past these many, ledgers that are not in use are known no more. */
const statesMax = 100_000;

const unseen = { incarnation: '', revision: 0 };

export class Ledgers {
  readonly #connection: Connection;
  readonly #keyspace: Keyspace;
  readonly #states = new Map<string, LedgerState>();
  #regressions = 0;

  constructor(connection: Connection, keyspace: Keyspace) {
    this.#connection = connection;
    this.#keyspace = keyspace;
  }

  /** How often a loss was told. */
  get regressions(): number {
    return this.#regressions;
  }

  /** Names of the ledgers that this process has to do with. */
  names(): string[] {
    return [...this.#states.keys()];
  }

  of(name: string): LedgerState {
    const known = this.#states.get(name);
    if (known !== undefined) return known;
    if (this.#states.size >= statesMax) this.#states.clear();
    const keys = this.#keyspace.of(name);
    const state: LedgerState = { name, keys, isBegun: false, listedIn: -1, seen: unseen };
    this.#states.set(name, state);
    return state;
  }

  /** Notes a head that was read; throws `regressed` if what was seen before is lost (R2). */
  async observe(state: LedgerState, head: Head): Promise<void> {
    const { seen } = state;
    const isAhead = head.revision >= seen.revision;
    if (isAhead && (head.incarnation === seen.incarnation || seen.revision === 0)) {
      state.seen = { incarnation: head.incarnation, revision: head.revision };
      return;
    }
    // Answers may be looked at in another order than they came: only a later read can tell.
    await this.#judge(state);
  }

  /** Notes a commit of this process. */
  note(state: LedgerState, viewed: Head, incarnation: string, base: number, last: number): void {
    const { seen } = state;
    const follows =
      seen.revision === 0 || (seen.revision <= base && seen.incarnation === viewed.incarnation);
    if (follows) state.seen = { incarnation, revision: last };
    else if (seen.incarnation === incarnation && seen.revision < last) {
      state.seen = { incarnation, revision: last };
    }
  }

  async history(state: LedgerState): Promise<{ head: Head; incarnations: Incarnation[] }> {
    const { head: headKey, incarnations: key } = state.keys;
    const reply = listOf(await this.#connection.ask(readHistory, [headKey, key], []));
    const pairs = listOf(reply[1]);
    const incarnations: Incarnation[] = [];
    for (let index = 0; index + 1 < pairs.length; index += 2) {
      incarnations.push({ id: textOf(pairs[index]), from: numberOf(pairs[index + 1]) });
    }
    return { head: headOf(reply[0]), incarnations };
  }

  async #judge(state: LedgerState): Promise<void> {
    const { seen } = state;
    const { head, incarnations } = await this.history(state);
    // Others may have judged meanwhile, and told.
    if (state.seen !== seen) return;
    state.seen = { incarnation: head.incarnation, revision: head.revision };
    if (isHeld(seen, head, incarnations)) return;
    this.#regressions += 1;
    const message =
      `'${state.name}' has lost commits: revision ${seen.revision} was there, and the history ` +
      `that its server has now ends before it or went another way; read anew`;
    throw new HoldfastError('regressed', message, {
      details: { ledger: state.name, seen: seen.revision, head: head.revision },
    });
  }
}

function isHeld(
  seen: LedgerState['seen'],
  head: Head,
  incarnations: readonly Incarnation[],
): boolean {
  if (seen.revision > head.revision) return false;
  const index = incarnations.findIndex(({ id }) => id === seen.incarnation);
  // Incarnations are forgotten with the log: below the trim point nobody can tell any more.
  if (index < 0) return seen.revision < head.trimmed;
  const next = incarnations[index + 1];
  return next === undefined || seen.revision <= next.from;
}
