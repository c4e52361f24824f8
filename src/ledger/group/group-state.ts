/**
 * The working state of one group while it is decided: slots, scope counts, offsets drawn.
 *
 * Made anew for every call of `decide`, from that call's view alone.
 */
import type { Head, Holds, ScopeStat, View } from '../../engine/index.ts';
import { assert, present } from '../../internal/assert.ts';
import type { Position } from '../position.ts';
import type { GroupReads } from './group-reads.ts';
import type { Usage } from '../rules/quota.ts';
import { Slot } from './draft.ts';
import { GroupHolds } from '../rules/holds.ts';

interface Growth {
  entries: number;
  bytes: number;
  /** Offset of the last commit of this group in the scope. */
  offset: number;
}

export class GroupState {
  readonly head: Head;
  readonly time: number;
  /** Offset of the last revision drawn. */
  lastOffset = 0;
  /** The earliest expiry among the entries taken as alive. */
  validUntil = Infinity;
  readonly #view: View;
  readonly #reads: GroupReads;
  readonly #knows: (position: Position, head: Head) => boolean;
  readonly #slots: (Slot | undefined)[] = [];
  #holds: GroupHolds | undefined;
  readonly #growth = new Map<string, Growth>();
  /** Growth of the whole ledger, in this group. */
  readonly total: Growth = { entries: 0, bytes: 0, offset: 0 };

  constructor(view: View, reads: GroupReads, knows: (position: Position, head: Head) => boolean) {
    this.#view = view;
    this.#reads = reads;
    this.#knows = knows;
    this.head = view.head;
    this.time = view.time;
  }

  /** What else the group's outcomes rest on. */
  get holds(): GroupHolds {
    this.#holds ??= new GroupHolds();
    return this.#holds;
  }

  /** All that was held; undefined if nothing was. */
  held(): Holds | undefined {
    return this.#holds?.all();
  }

  slotOf(address: string): Slot {
    const index = this.#reads.indexOf(address);
    assert(index !== undefined && index < this.#view.entries.length, 'an entry was not asked for');
    const known = this.#slots[index];
    if (known !== undefined) return known;
    const stored = this.#view.entries[index];
    const slot = new Slot(present(this.#reads.refs[index], 'a ref'), stored);
    this.#slots[index] = slot;
    if (stored?.expiresAt !== undefined && stored.expiresAt > this.time) {
      this.validUntil = Math.min(this.validUntil, stored.expiresAt);
    }
    return slot;
  }

  /** Whether the view holds `address` already. */
  has(address: string): boolean {
    const index = this.#reads.indexOf(address);
    return index !== undefined && index < this.#view.entries.length;
  }

  /** With holes where nobody looked. */
  slots(): readonly (Slot | undefined)[] {
    return this.#slots;
  }

  scopeStat(scope: string): ScopeStat {
    const index = this.#reads.scopeIndexOf(scope);
    const stat = index === undefined ? undefined : this.#view.scopes[index];
    assert(stat !== undefined, 'a scope was not asked for');
    return stat;
  }

  /** When the scope changed last, at the latest. */
  scopeRevision(scope: string): number {
    const { revision } = this.scopeStat(scope);
    // An emptied scope is forgotten with the log: it may have changed as late as the trim point.
    return revision === 0 ? this.head.trimmed : revision;
  }

  /** Offset of the scope's last commit in this group; 0 if there is none. */
  scopeOffset(scope: string): number {
    return this.#growth.get(scope)?.offset ?? 0;
  }

  /** Whether a position belongs to this ledger's history. */
  knows(position: Position): boolean {
    return this.#knows(position, this.head);
  }

  scopeUsage(scope: string): Usage {
    const { entries, bytes } = this.scopeStat(scope);
    const growth = this.#growth.get(scope);
    return { entries: entries + (growth?.entries ?? 0), bytes: bytes + (growth?.bytes ?? 0) };
  }

  appUsage(): Usage {
    return {
      entries: this.head.entries + this.total.entries,
      bytes: this.head.bytes + this.total.bytes,
    };
  }

  grow(scope: string, entries: number, bytes: number, offset: number): void {
    let growth = this.#growth.get(scope);
    if (growth === undefined) {
      growth = { entries: 0, bytes: 0, offset: 0 };
      this.#growth.set(scope, growth);
    }
    growth.entries += entries;
    growth.bytes += bytes;
    growth.offset = offset;
    this.total.entries += entries;
    this.total.bytes += bytes;
  }

  /** Of each scope that a commit of this group has changed. */
  growths(): ReadonlyMap<string, Readonly<Growth>> {
    return this.#growth;
  }
}
