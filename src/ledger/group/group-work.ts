/** One ledger's share of a transaction: the proposals that were taken, and how they are decided. */
import type { Reads, Ref, StoredEntry, Verdict, View, Work } from '../../engine/index.ts';
import { assert, present } from '../../internal/assert.ts';
import { tuning } from './tuning.ts';
import { addressOf, valuesScope } from '../keyspace/address.ts';
import type { Lane, Waiting } from './lane.ts';
import { applyDifference, decodeExternal, rowsOf } from '../keyspace/external.ts';
import type { ExternalRef } from '../keyspace/external.ts';
import { GroupReads } from './group-reads.ts';
import { GroupRun } from './group-run.ts';
import type { GroupRules } from './group-run.ts';
import { readsValue } from './mutations.ts';
import type { Prepared } from '../door/prepared.ts';
import { windowRefs } from './window.ts';
import { differenceSchema } from './writes.ts';

interface LargeValue {
  readonly address: string;
  readonly external: ExternalRef;
}

const none: readonly never[] = [];

export class GroupWork implements Work {
  readonly lane: Lane;
  readonly taken: readonly Waiting[];
  readonly ledger: string;
  readonly reads: Reads;
  readonly sync: boolean;
  readonly #asked = new GroupReads();
  readonly #proposals: readonly Prepared[];
  /** Those of when the group was made: what it reads depends on them. */
  readonly #rules: GroupRules;
  /** Addresses whose value, not only their version, decides; undefined if there is none. */
  #valued: Set<string> | undefined;
  #run: GroupRun | undefined;

  private constructor(lane: Lane, taken: readonly Waiting[]) {
    this.lane = lane;
    this.taken = taken;
    this.ledger = lane.name;
    this.#rules = lane.rules();
    this.#proposals = taken.map((one) => one.prepared);
    this.sync = this.#proposals.some((proposal) => proposal.sync);
    for (const proposal of this.#proposals) this.#ask(proposal);
    // What is asked for grows later if values are looked at; what was asked for first stays.
    const { refs, scopes } = this.#asked;
    this.reads = this.#valued === undefined ? this.#asked : { refs: [...refs], scopes };
  }

  /** Takes at most `share` proposals off the lane, and no more than a group may have. */
  static take(lane: Lane, share: number): GroupWork {
    let [count, bytes, steps] = [0, 0, 0];
    while (count < Math.min(share, lane.waiting.length)) {
      const { prepared } = present(lane.waiting[count], 'a proposal');
      bytes += prepared.bytes;
      steps += prepared.mutations.length + prepared.checks.length;
      if (count > 0 && (bytes > tuning.groupBytes || steps > tuning.groupSteps)) break;
      count += 1;
    }
    return new GroupWork(lane, lane.waiting.splice(0, count));
  }

  /** The last decision's run: the one that was applied, if any was. */
  get run(): GroupRun {
    assert(this.#run !== undefined, 'a group was answered before it was decided');
    return this.#run;
  }

  putBack(): void {
    this.lane.waiting.unshift(...this.taken);
  }

  decide(view: View): Verdict {
    const large = this.#valued === undefined ? none : this.#largeValues(view, this.#valued);
    const needed = large.length === 0 ? none : this.#missingValues(large);
    if (needed.length > 0) return { kind: 'need', reads: { refs: needed, scopes: [] } };
    const run = new GroupRun(view, this.#asked, this.#rules);
    for (const one of large) this.#load(one, view, run);
    this.#run = run;
    return run.run(this.#proposals);
  }

  #ask(proposal: Prepared): void {
    const asked = this.#asked;
    const { scopes } = this.#rules;
    for (const check of proposal.checks) {
      if (check.ref === undefined) asked.addScope(check.address);
      else asked.addRef(check.ref, check.address);
      const { kind } = check.source;
      if (kind === 'value' || kind === 'epoch') this.#askValue(check.address);
    }
    for (const mutation of proposal.mutations) {
      asked.addRef(mutation.ref, mutation.address);
      if (proposal.wantsValues || readsValue(mutation)) this.#askValue(mutation.address);
      const { scope } = mutation.ref;
      const hasQuota = scopes.get(scope)?.quota !== undefined || proposal.quotas?.has(scope);
      if (hasQuota === true) asked.addScope(scope);
    }
    for (const ref of proposal.sweeps) asked.addRef(ref, addressOf(ref));
    if (proposal.stamp === undefined) return;
    for (const ref of windowRefs(proposal.stamp)) asked.addRef(ref, addressOf(ref));
  }

  #askValue(address: string): void {
    this.#valued ??= new Set();
    this.#valued.add(address);
  }

  /** Rows of large values that a proposal must see and that were not asked for yet. */
  #missingValues(large: readonly LargeValue[]): Ref[] {
    const missing: Ref[] = [];
    for (const { external } of large) {
      for (const id of rowsOf(external)) {
        const ref = { scope: valuesScope, key: id };
        if (this.#asked.addRef(ref, addressOf(ref))) missing.push(ref);
      }
    }
    return missing;
  }

  #load({ address, external }: LargeValue, view: View, run: GroupRun): void {
    const draft = run.state.slotOf(address).current;
    if (draft === undefined) return;
    const row = this.#row(view, external.id);
    if (external.base === undefined || row.schema !== differenceSchema) {
      draft.content = row.content;
      draft.baseText = typeof row.content === 'string' ? row.content : undefined;
    } else {
      draft.baseText = String(this.#row(view, external.base).content);
      draft.content = applyDifference(draft.baseText, String(row.content));
    }
  }

  #largeValues(view: View, addresses: ReadonlySet<string>): LargeValue[] {
    const found: LargeValue[] = [];
    for (const address of addresses) {
      const entry = view.entries[present(this.#asked.indexOf(address), 'a place')];
      if (entry?.external) found.push({ address, external: decodeExternal(entry.content) });
    }
    return found;
  }

  #row(view: View, id: string): StoredEntry {
    const address = addressOf({ scope: valuesScope, key: id });
    const row = view.entries[present(this.#asked.indexOf(address), 'a place')];
    assert(row !== undefined, `large value ${id} is named but not stored`);
    return row;
  }
}
