/**
 * The owner's hand on a run: saves one checkpoint after the other, under the owner's fence.
 *
 * W1. Saves happen one at a time, in the order in which they were asked for.
 * W2. If it cannot be known whether a save was applied, the writer gives the run up: nothing is
 *     ever written on top of a state that may not be the one that is there.
 */
import { HoldfastError, isHoldfastError } from '../../../errors/index.ts';
import type { CheckFailure, Ownership } from '../../../ledger/index.ts';
import { indexRef } from '../keyspace.ts';
import type { StateChanges } from '../state/run-state.ts';
import type { AppPlan } from '../step/app-plan.ts';
import { indexValue, requestMutations } from './fork.ts';
import { formatVersion } from './manifest.ts';
import type { Checkpoint, Manifest } from './manifest.ts';
import { publish } from './publish.ts';
import type { Publication, Published } from './publish.ts';
import type { RunHome } from './run-home.ts';
import { removeStrays } from './strays.ts';

const planAttempts = 50;
/** Within one epoch only the owner's own attempts are to be told apart. */
const nonceBytes = 4;

export interface Save {
  readonly changes: StateChanges;
  readonly next: Omit<Manifest, 'nonce' | 'epoch' | 'forks' | 'parent'>;
  /** Left out: the last one. */
  readonly parent?: number | undefined;
  /** Planned anew if others appended to a list meanwhile. */
  readonly app?: (() => Promise<AppPlan>) | undefined;
  readonly durability?: 'sync' | 'relaxed' | undefined;
}

export interface Saved {
  readonly checkpoint: Checkpoint;
  readonly position: Extract<Published, { kind: 'published' }>['position'];
}

const nothingStaged: AppPlan = {
  checks: [],
  mutations: [],
  quotas: [],
  isOvertaken: () => false,
};

export class CheckpointWriter {
  readonly home: RunHome;
  readonly ownership: Ownership;
  #latest: Checkpoint;
  #turn: Promise<unknown> = Promise.resolve();
  #hasStrays = false;
  #isGivenUp = false;

  constructor(home: RunHome, ownership: Ownership, latest: Checkpoint) {
    this.home = home;
    this.ownership = ownership;
    this.#latest = latest;
  }

  get latest(): Checkpoint {
    return this.#latest;
  }

  /** Runs `work` when everything that was asked for before is done. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Throws `fenced`, `contended`, and what a commit throws. To be called in turn. */
  async save(save: Save): Promise<Saved> {
    this.#checkHeld();
    if (this.#hasStrays) await removeStrays(this.home, this.ownership, this.#latest.id);
    // If it fails, rows may be there that no manifest names.
    this.#hasStrays = true;
    for (let attempt = 1; ; attempt += 1) {
      const plan = (await save.app?.()) ?? nothingStaged;
      const publication = this.#publication(save, plan);
      const published = await this.#publish(publication);
      if (published.kind === 'published') {
        this.#hasStrays = false;
        const saved = this.#saved(publication, published);
        this.#latest = saved.checkpoint;
        return saved;
      }
      const { failures } = published;
      if (!plan.isOvertaken(failures) || attempt === planAttempts) throw this.#contended(failures);
    }
  }

  async #publish(publication: Publication): Promise<Published> {
    try {
      return await publish(this.home, this.ownership, publication);
    } catch (error) {
      if (isHoldfastError(error) && error.outcome === 'unknown') {
        this.#isGivenUp = true;
        // The next owner has another epoch, so a commit that still comes is refused.
        await this.ownership.release().catch(() => undefined);
      }
      throw error;
    }
  }

  #publication({ changes, next, parent, durability }: Save, plan: AppPlan): Publication {
    const { home, ownership } = this;
    const before = this.#latest;
    const manifest: Manifest = {
      ...next,
      parent: parent ?? before.id,
      epoch: ownership.epoch,
      nonce: home.host.random.hex(nonceBytes),
      forks: [],
    };
    const mutations = [
      ...plan.mutations,
      ...requestMutations(home, before.requests, next.requests),
    ];
    if (before.status !== next.status) {
      const ref = indexRef(home.workflow, home.run);
      mutations.push({ kind: 'set', ...ref, value: indexValue(next) });
    }
    const number = before.id + 1;
    const { checks, quotas } = plan;
    return { number, manifest, changes, checks, mutations, quotas, durability };
  }

  #saved(
    { number, manifest }: Publication,
    { position, time }: Extract<Published, { kind: 'published' }>,
  ): Saved {
    const { nonce: _nonce, epoch: _epoch, ...rest } = manifest;
    const { workflow, run } = this.home;
    const checkpoint = { workflow, run, id: number, time, format: formatVersion, ...rest };
    return { checkpoint, position };
  }

  #checkHeld(): void {
    const { workflow, run } = this.home;
    if (this.#isGivenUp) {
      const text = `it is not known whether the last commit of run '${run}' was applied`;
      throw new HoldfastError('closed', `${text}; open it again`, { details: { workflow, run } });
    }
    if (!this.ownership.lost) return;
    throw new HoldfastError('fenced', `run '${run}' of '${workflow}' is no longer owned here`, {
      details: { workflow, run, epoch: this.ownership.epoch },
    });
  }

  #contended(failures: readonly CheckFailure[]): HoldfastError {
    const [first] = failures;
    const check = first?.check;
    const where = check?.kind === 'version' ? `'${check.key}' in '${check.scope}'` : 'the app';
    const text = `${where} is not as the step expected; nothing of the step was written`;
    const { workflow, run } = this.home;
    return new HoldfastError('contended', text, {
      details: { workflow, run, check: check && { ...check }, actual: first?.actual },
    });
  }
}
