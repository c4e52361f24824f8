/** What every scope of one app shares: the ledger, its reads, time and chance. */
import { HoldfastError } from '../../errors/index.ts';
import { assert } from '../../internal/assert.ts';
import type { Clock } from '../../internal/clock.ts';
import type { Random } from '../../internal/random.ts';
import { FunctionalUpdates } from '../../ledger/index.ts';
import type { CommitAnswer, Ledger, Proposal, Receipt, Ref } from '../../ledger/index.ts';
import { Watches } from '../watch/index.ts';
import { CoalescedReads } from './coalesced-reads.ts';
import { DeclaredQuotas } from './declared-quotas.ts';
import type { CommitTerms } from './scope-options.ts';
import { Turnstile } from './transaction/turnstile.ts';

export interface ScopeHostParts {
  readonly clock: Clock;
  readonly random: Random;
}

const noTerms: CommitTerms = {};

export class ScopeHost {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly random: Random;
  readonly reads: CoalescedReads;
  readonly turnstile: Turnstile;
  readonly updates: FunctionalUpdates;
  readonly quotas: DeclaredQuotas;
  readonly watches: Watches;
  readonly #erasers: ((ref: Ref) => Promise<void>)[];
  readonly terms: CommitTerms;

  constructor(ledger: Ledger, parts: ScopeHostParts, terms = noTerms, shared?: ScopeHost) {
    this.ledger = ledger;
    this.clock = parts.clock;
    this.random = parts.random;
    this.reads = shared?.reads ?? new CoalescedReads(ledger);
    this.turnstile = shared?.turnstile ?? new Turnstile(parts.clock);
    this.updates = shared?.updates ?? new FunctionalUpdates(ledger, parts);
    this.quotas = shared?.quotas ?? new DeclaredQuotas();
    this.watches = shared?.watches ?? new Watches(ledger, parts);
    this.#erasers = shared === undefined ? [] : shared.#erasers;
    this.terms = terms;
  }

  /** A layer keeps copies of values; `erase` takes an entry's out of them. */
  onErase(erase: (ref: Ref) => Promise<void>): void {
    this.#erasers.push(erase);
  }

  /** Removes an entry and every value that it ever had, those that layers keep too. */
  async erase(ref: Ref): Promise<{ readonly existed: boolean; readonly changes: number }> {
    const erased = await this.ledger.erase(ref);
    for (const erase of this.#erasers) await erase(ref);
    return erased;
  }

  /** The same host whose commits carry `terms` too. */
  with(terms: CommitTerms): ScopeHost {
    return new ScopeHost(this.ledger, this, { ...this.terms, ...terms }, this);
  }

  /**
   * Throws `invalid_argument` for a handle of another app: its name would mean something else here.
   */
  checkOwn(handle: { readonly name: string; readonly ledger: Ledger }): void {
    if (handle.ledger === this.ledger) return;
    const text = `'${handle.name}' belongs to app '${handle.ledger.name}', not to this one`;
    throw new HoldfastError('invalid_argument', text, {
      details: { name: handle.name, app: handle.ledger.name, expected: this.ledger.name },
    });
  }

  commit(proposal: Proposal, durability?: 'sync' | 'relaxed'): Promise<CommitAnswer> {
    const { terms } = this;
    if (durability !== undefined) return this.ledger.commit({ ...terms, ...proposal, durability });
    return this.ledger.commit(terms === noTerms ? proposal : { ...terms, ...proposal });
  }

  /** For a proposal without checks, which can have no conflict. */
  apply(proposal: Proposal, durability?: 'sync' | 'relaxed'): Promise<Receipt> {
    return this.commit(proposal, durability).then(receiptOf);
  }
}

function receiptOf(answer: CommitAnswer): Receipt {
  assert(answer.kind === 'committed', 'a proposal without checks met a conflict');
  return answer;
}
