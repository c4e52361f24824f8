/** One entry's place in a group: what the engine read, and what the group has made of it. */
import type { Ref, StoredEntry } from '../../engine/index.ts';
import { Draft } from './draft.ts';

export class Slot {
  readonly ref: Ref;
  /** What was stored before the group. */
  readonly base: Draft | undefined;
  current: Draft | undefined;
  /** Offset of the last commit of this group that touched the entry; 0 if none did. */
  lastOffset = 0;

  constructor(ref: Ref, stored: StoredEntry | undefined) {
    this.ref = ref;
    this.base = stored === undefined ? undefined : Draft.fromStored(stored);
    this.current = this.base;
  }
}
