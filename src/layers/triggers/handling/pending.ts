/** An event that was read from the log and is not done yet. */
import type { Change, Commit, StoredValue } from '../../../ledger/index.ts';
import { compareText } from '../../../internal/text-order.ts';
import type { EventHead } from '../trigger-event.ts';

export interface Place {
  readonly revision: number;
  readonly scope: string;
  readonly key: string;
}

export class Pending implements Place {
  readonly commit: Commit;
  readonly change: Change;
  isDone = false;

  constructor(commit: Commit, change: Change) {
    this.commit = commit;
    this.change = change;
  }

  get revision(): number {
    return this.commit.position.revision;
  }

  get scope(): string {
    return this.change.scope;
  }

  get key(): string {
    return this.change.key;
  }

  get head(): EventHead {
    const { position, time, actor, cause } = this.commit;
    const { scope, key, kind, erased } = this.change;
    return { scope, key, kind, position, time, actor, cause, erased };
  }

  get oldValue(): StoredValue | undefined {
    return this.change.previous?.value;
  }

  get newValue(): StoredValue | undefined {
    return this.change.value;
  }

  get bytes(): number {
    return this.change.size + (this.change.previous?.size ?? 0) + 200;
  }
}

/** Within one commit events come by scope and key, whatever else the filter lets through. */
export function comparePlaces(a: Place, b: Place): number {
  if (a.revision !== b.revision) return a.revision - b.revision;
  return compareText(a.scope, b.scope) || compareText(a.key, b.key);
}
