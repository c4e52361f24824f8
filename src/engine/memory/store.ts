/**
 * What all handles of one memory store share: its ledgers, its members, its listeners.
 *
 * A store is one history: its incarnation is drawn when it is made, and every commit carries it.
 */
import type { Random } from '../../internal/random.ts';
import { Hints } from './hints.ts';
import { MemoryLedger } from './ledger.ts';
import { Members } from './members.ts';

export class MemoryStore {
  readonly incarnation: string;
  readonly ledgers = new Map<string, MemoryLedger>();
  readonly members = new Members();
  readonly hints = new Hints();

  constructor(random: Random) {
    this.incarnation = random.hex(8);
  }

  /** The ledger of that name; one without commits until something is applied to it. */
  ledger(name: string): MemoryLedger {
    const known = this.ledgers.get(name);
    if (known !== undefined) return known;
    const added = new MemoryLedger(name);
    this.ledgers.set(name, added);
    return added;
  }

  /** The ledger of that name for reading: asking for one that is not there does not make it. */
  peek(name: string): MemoryLedger {
    return this.ledgers.get(name) ?? new MemoryLedger(name);
  }
}
