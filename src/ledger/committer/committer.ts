/** Where proposals are handed in: a loop of group commits for each transaction of an engine. */
import type { Applied, Durability, Work } from '../../engine/index.ts';
import { HoldfastError } from '../../errors/index.ts';
import type { Prepared } from '../door/prepared.ts';
import { limits } from '../limits.ts';
import type { CommitAnswer } from '../proposal.ts';
import type { Lane } from '../group/lane.ts';
import { Loop } from './loop.ts';
import type { Busy, LoopOptions } from './loop.ts';

export class Committer {
  readonly #options: LoopOptions;
  readonly #loops = new Map<string, Loop>();
  readonly #busy: Busy = { loops: 0 };

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  submit(lane: Lane, prepared: Prepared): Promise<CommitAnswer> {
    return new Promise((resolve, reject) => {
      if (lane.waiting.length >= limits.waitingProposals) {
        reject(
          new HoldfastError(
            'overloaded',
            `${lane.waiting.length} proposals wait in '${lane.name}'`,
          ),
        );
        return;
      }
      lane.waiting.push({ prepared, resolve, reject });
      this.#loopOf(lane).wake(lane);
    });
  }

  /** Runs upkeep (trim, erasure) as a transaction of its own, in turn with the groups. */
  upkeep(lane: Lane, work: Work, durability: Durability): Promise<Applied> {
    return this.#loopOf(lane).upkeep(work, durability);
  }

  /** Resolves when everything submitted so far is answered and durable. */
  async drain(): Promise<void> {
    await Promise.all([...this.#loops.values()].map((loop) => loop.drain()));
  }

  #loopOf(lane: Lane): Loop {
    const key = this.#options.engine.grouping === 'store' ? '' : lane.name;
    let loop = this.#loops.get(key);
    if (loop === undefined) {
      loop = new Loop(this.#options, this.#busy);
      this.#loops.set(key, loop);
    }
    return loop;
  }
}
