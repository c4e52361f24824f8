/**
 * Functional updates: `update(ref, value => …)` as chains of proposals instead of a compare-and-set
 * storm.
 *
 * U1. The functions that wait for one key run one after the other, each on what the one before it
 *     left, and go out together: one group commit, but a commit and a revision for each.
 * U2. Each is applied only to the value that its function saw: the first of a chain checks the
 *     version, its followers the value (a pending entry has no version yet) or that there is none.
 *     Who loses to another writer runs again on what is there now.
 * U3. What changes nothing, a throw included, is a proposal of checks alone: no commit, and yet
 *     sure to have been judged on what was really there.
 * U4. A function that throws, or whose result the ledger refuses, fails alone.
 *
 * A function may therefore run several times: it must be synchronous and without effects outside.
 */
import type { Ref } from '../../engine/index.ts';
import { HoldfastError } from '../../errors/index.ts';
import { systemClock } from '../../internal/clock.ts';
import type { Clock } from '../../internal/clock.ts';
import { systemRandom } from '../../internal/random.ts';
import type { Random } from '../../internal/random.ts';
import { addressOf } from '../keyspace/address.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import { checkKey, checkScope } from '../names.ts';
import { Lane } from './lane.ts';
import type { FunctionalUpdateOptions, FunctionalUpdateResult, UpdateFunction } from './step.ts';

export interface FunctionalUpdatesOptions {
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

export class FunctionalUpdates {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #lanes = new Map<string, Lane>();
  #waiting = 0;

  constructor(ledger: Ledger, options: FunctionalUpdatesOptions = {}) {
    this.#ledger = ledger;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
  }

  /**
   * Throws what `run` throws, `contended` after `attempts` losses, `overloaded` if too many wait,
   * `invalid_argument` if `run` returns a promise, and what the ledger throws.
   */
  async update(
    ref: Ref,
    run: UpdateFunction,
    options: FunctionalUpdateOptions = {},
  ): Promise<FunctionalUpdateResult> {
    checkScope(ref.scope);
    checkKey(ref.key);
    checkAttempts(options.attempts);
    if (this.#waiting >= limits.waitingProposals) {
      throw new HoldfastError('overloaded', `${this.#waiting} functional updates wait`);
    }
    this.#waiting += 1;
    try {
      return await new Promise((resolve, reject) => {
        this.#laneOf(ref).add({ run, options, losses: 0, resolve, reject });
      });
    } finally {
      this.#waiting -= 1;
    }
  }

  #laneOf({ scope, key }: Ref): Lane {
    const address = addressOf({ scope, key });
    let lane = this.#lanes.get(address);
    if (lane === undefined) {
      const onIdle = () => this.#lanes.delete(address);
      lane = new Lane({ scope, key }, this.#ledger, this.#clock, this.#random, onIdle);
      this.#lanes.set(address, lane);
    }
    return lane;
  }
}

function checkAttempts(attempts: number | undefined): void {
  if (attempts === undefined || (Number.isSafeInteger(attempts) && attempts >= 1)) return;
  throw new HoldfastError('invalid_argument', 'attempts must be a positive whole number', {
    details: { attempts },
  });
}
