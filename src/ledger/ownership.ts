/**
 * Owning a resource until it is released or lost.
 *
 * O1. `check()` is the fence: a proposal that carries it is refused once another has taken over.
 * O2. `signal` aborts when the loss becomes known, which may be late: it stops work, it does not
 *     fence.
 */
import type { Entry } from './entry.ts';
import { ownersScope } from './keyspace/address.ts';
import type { Ledger } from './ledger.ts';
import type { CommitAnswer, EpochCheck } from './proposal.ts';

/**
 * A released ownership is forgotten after this long; its resource may have been needed only once.
 */
const releasedTtlMs = 24 * 60 * 60 * 1000;

export interface OwnershipParts {
  readonly resource: string;
  readonly epoch: number;
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  onLost(): void;
}

export class Ownership {
  readonly kind = 'owned';
  readonly resource: string;
  /** A fencing token: greater than that of every owner before. */
  readonly epoch: number;
  readonly #ledger: Ledger;
  readonly #parts: OwnershipParts;
  readonly #abort = new AbortController();

  constructor(ledger: Ledger, parts: OwnershipParts) {
    this.#ledger = ledger;
    this.#parts = parts;
    this.resource = parts.resource;
    this.epoch = parts.epoch;
  }

  /** Aborts once it is known that the ownership is lost or released. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get lost(): boolean {
    return this.#abort.signal.aborted;
  }

  /** To be put into every proposal that only the owner may make. */
  check(): EpochCheck {
    return { kind: 'epoch', resource: this.resource, epoch: this.epoch };
  }

  /** Whether an answer says that another took over. The ownership is then known to be lost. */
  lostBy(answer: CommitAnswer): boolean {
    if (answer.kind === 'committed') return false;
    const fenced = answer.failures.some(({ check }) => {
      const { kind } = check;
      return kind === 'epoch' && check.resource === this.resource && check.epoch === this.epoch;
    });
    if (fenced) this.lose();
    return fenced;
  }

  /** Gives it up. Returns whether it was still ours; costs one commit. */
  release(): Promise<boolean> {
    return this.#parts.inTurn(async () => {
      if (this.lost) return false;
      const ref = { scope: ownersScope, key: this.resource };
      const released = { released: this.epoch };
      const answer = await this.#ledger.commit({
        checks: [this.check()],
        mutations: [{ kind: 'set', ...ref, value: released, ttlMs: releasedTtlMs }],
        // Forgotten in a crash, it is the ownership of a member that is dead.
        durability: 'relaxed',
      });
      this.lose();
      return answer.kind === 'committed';
    });
  }

  /** Of the membership: another has it, or nobody. */
  lose(): void {
    if (this.lost) return;
    this.#abort.abort();
    this.#parts.onLost();
  }
}

interface Owner {
  /** Undefined if nobody owns it. */
  readonly member: string | undefined;
  /** The last epoch that was given; 0 if none is known. */
  readonly epoch: number;
}

/** What an entry of `$owners` says; callers may write there, so it may be anything. */
export function ownerOf(entry: Entry | undefined): Owner {
  const value = entry?.value.decode() as Record<string, unknown> | null | undefined;
  const { member, epoch, released } = value ?? {};
  if (typeof member === 'string' && isEpoch(epoch)) return { member, epoch };
  return { member: undefined, epoch: isEpoch(released) ? released : 0 };
}

function isEpoch(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
