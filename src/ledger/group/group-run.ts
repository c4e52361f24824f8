/**
 * Deciding a group: proposals in the order of arrival, each all or nothing, each with its own
 * revision.
 *
 * R1. A proposal sees what the ones before it in the group did.
 * R2. A proposal that fails (a check, an operation, a quota) leaves no trace and harms no other.
 * R3. A dead entry that is met becomes `expired` first, as a revision of its own.
 * R4. Pure: the same view gives the same decision. It may run any number of times.
 */
import { present } from '../../internal/assert.ts';
import type { Decision, Head, Ref, View, Write } from '../../engine/index.ts';
import { HoldfastError, isHoldfastError } from '../../errors/index.ts';
import type { Position } from '../position.ts';
import { tuning } from './tuning.ts';
import { addressOf, isLedgerScope } from '../keyspace/address.ts';
import { codeOfResults } from './answer.ts';
import type { Decided, DecidedChange, DecidedCommit, DecidedResult } from './answer.ts';
import { failuresOf } from './checks.ts';
import type { Draft, Slot } from './draft.ts';
import type { GroupReads } from './group-reads.ts';
import { GroupState } from './group-state.ts';
import { mutate } from './mutations.ts';
import type { Prepared } from '../door/prepared.ts';
import { admitted, growthOf } from '../rules/growth.ts';
import type { QuotaGrowth, QuotaRules } from '../rules/growth.ts';
import { blocksOf, Windows } from './window.ts';
import { decisionOf } from './writes.ts';

/** What a group is decided with, beside its view. */
export interface GroupRules extends QuotaRules {
  readonly maxValueBytes: number;
  /** Whether a position belongs to the ledger's history. */
  knows(position: Position, head: Head): boolean;
  /** A name for a large value, never given before. */
  newValueId(): string;
}

interface Touched {
  readonly slot: Slot;
  readonly before: Draft | undefined;
  updates: number;
  index: number;
}

export class GroupRun {
  readonly state: GroupState;
  readonly answers: Decided[] = [];
  readonly commits: DecidedCommit[] = [];
  /** Of the clients whose stamps were met; undefined if none was. */
  windows: Windows | undefined;
  /** Dead rows of the ledger's own scopes: dropped without a trace. */
  readonly dropped: Ref[] = [];
  /** What the group's commits did to what has a quota. */
  readonly growths: QuotaGrowth[] = [];
  readonly #view: View;
  readonly #reads: GroupReads;
  readonly #rules: GroupRules;
  #bytes = 0;

  constructor(view: View, reads: GroupReads, rules: GroupRules) {
    this.#view = view;
    this.#reads = reads;
    this.#rules = rules;
    this.state = new GroupState(view, reads, rules.knows);
  }

  /** Decides as many of `proposals` as fit; `answers` has one for each that was decided. */
  run(proposals: readonly Prepared[]): Decision {
    for (const proposal of proposals) {
      if (this.#bytes > tuning.groupBytes && this.answers.length > 0) break;
      this.answers.push(this.#decide(proposal));
    }
    return decisionOf(this, this.#rules);
  }

  #decide(proposal: Prepared): Decided {
    const { state } = this;
    if (proposal.stamp !== undefined) {
      this.windows ??= this.#openWindows();
      const first = this.windows.find(proposal.stamp);
      if (first !== undefined) return first;
    }
    this.#meetTheDead(proposal);
    const failures = failuresOf(proposal.checks, state);
    if (failures.length > 0) return { kind: 'conflict', failures, headOffset: state.lastOffset };
    const touched: Touched[] = [];
    try {
      const results = this.#apply(proposal, touched);
      const offset = this.#commit(proposal, touched);
      const { stamp, wantsValues } = proposal;
      const leavesTrace = offset !== 0 || stamp?.perCall !== true;
      if (stamp !== undefined && leavesTrace) {
        const at = offset === 0 ? state.lastOffset : offset;
        this.windows?.record(stamp, at, codeOfResults(results, offset));
      }
      return { kind: 'committed', offset, headOffset: state.lastOffset, results, wantsValues };
    } catch (error) {
      for (const { slot, before } of touched) slot.current = before;
      return { kind: 'error', error: asHoldfastError(error) };
    }
  }

  #openWindows(): Windows {
    const { entries } = this.#view;
    return new Windows((address) => entries[present(this.#reads.indexOf(address), 'a window')]);
  }

  #meetTheDead(proposal: Prepared): void {
    for (const mutation of proposal.mutations) this.#bury(mutation.address);
    for (const check of proposal.checks) if (check.ref !== undefined) this.#bury(check.address);
    for (const ref of proposal.sweeps) this.#bury(addressOf(ref));
  }

  #bury(address: string): void {
    const { state } = this;
    const slot = state.slotOf(address);
    const { current } = slot;
    if (current?.expiresAt === undefined || current.expiresAt > state.time) return;
    slot.current = undefined;
    if (isLedgerScope(slot.ref.scope)) {
      this.dropped.push(slot.ref, ...blocksOf(slot.ref, current.content));
      return;
    }
    const change = dead(slot, current);
    const commit = { offset: this.#draw(), actor: undefined, cause: undefined, changes: [change] };
    this.#publish(commit);
  }

  #apply(proposal: Prepared, touched: Touched[]): DecidedResult[] {
    const { state } = this;
    return proposal.mutations.map((mutation, index) => {
      const slot = state.slotOf(mutation.address);
      const previous = slot.current;
      const value = mutate(mutation, previous, state.time, this.#rules);
      if (value !== previous) {
        remember(touched, slot, previous, index, mutation.kind === 'update');
        slot.current = value;
      }
      return { change: changeOf(previous, value), previous, value };
    });
  }

  /** Gives the touched entries their revision. Throws before anything is published. */
  #commit(proposal: Prepared, touched: readonly Touched[]): number {
    const changes: DecidedChange[] = [];
    for (const { slot, before, updates, index } of touched) {
      const after = slot.current;
      if (before === undefined && after === undefined) continue;
      const operations = updates === 1 ? proposal.mutations[index]?.operations : undefined;
      const kind = before === undefined ? 'created' : after === undefined ? 'deleted' : 'updated';
      changes.push({ slot, kind, before, after, operations, erased: proposal.erases });
    }
    if (changes.length === 0) return 0;
    this.growths.push(...admitted(changes, this.#rules, proposal.quotas, this.state));
    const offset = this.#draw();
    this.#publish({ offset, actor: proposal.actor, cause: proposal.cause, changes });
    return offset;
  }

  #draw(): number {
    this.state.lastOffset += 1;
    return this.state.lastOffset;
  }

  #publish(commit: DecidedCommit): void {
    for (const change of commit.changes) {
      const { slot, after } = change;
      slot.lastOffset = commit.offset;
      if (after !== undefined) {
        after.offset = commit.offset;
        this.#bytes += after.size;
      }
      const { entries, bytes } = growthOf(change);
      this.state.grow(slot.ref.scope, entries, bytes, commit.offset);
    }
    this.commits.push(commit);
  }

  /** Every write but the entries': filled in by `decisionOf`. */
  entryWrites(): Write[] {
    const writes: Write[] = [];
    for (const slot of this.state.slots()) {
      if (slot === undefined || slot.lastOffset === 0) continue;
      const { ref, current, base } = slot;
      if (current === undefined) {
        if (base !== undefined) writes.push({ kind: 'delete', scope: ref.scope, key: ref.key });
      } else {
        writes.push(putOf(ref, current));
      }
    }
    return writes;
  }
}

function putOf(ref: Ref, draft: Draft): Write {
  const external = draft.external !== undefined;
  return {
    kind: 'put',
    scope: ref.scope,
    key: ref.key,
    content: external ? JSON.stringify(draft.external) : present(draft.content, 'a small value'),
    offset: draft.offset,
    createdAt: draft.createdAt,
    expiresAt: draft.expiresAt,
    schema: draft.schema,
    size: draft.size,
    external,
  };
}

function dead(slot: Slot, before: Draft): DecidedChange {
  return { slot, kind: 'expired', before, after: undefined, operations: undefined, erased: false };
}

function remember(
  touched: Touched[],
  slot: Slot,
  before: Draft | undefined,
  index: number,
  isUpdate: boolean,
): void {
  const known = touched.length === 0 ? undefined : touched.find((one) => one.slot === slot);
  if (known === undefined) {
    touched.push({ slot, before, updates: isUpdate ? 1 : 2, index });
  } else {
    // Several mutations of one entry are one change, which no single list of operations explains.
    known.updates = 2;
  }
}

function changeOf(before: Draft | undefined, after: Draft | undefined): DecidedResult['change'] {
  if (before === after) return 'none';
  if (before === undefined) return 'created';
  return after === undefined ? 'deleted' : 'updated';
}

function asHoldfastError(error: unknown): HoldfastError {
  if (isHoldfastError(error)) return error;
  return new HoldfastError('internal', 'deciding a proposal failed', {
    cause: error,
    outcome: 'not-applied',
  });
}
