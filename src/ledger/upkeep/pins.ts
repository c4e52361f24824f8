/** Pins: named, expiring holds on the log, all in one row so that a trim reads them as it trims. */
import type { Decision, StoredEntry, View, Work } from '../../engine/index.ts';
import { HoldfastError } from '../../errors/index.ts';
import { pinsRef } from '../keyspace/address.ts';
import type { Pin } from '../ledger.ts';
import type { Position } from '../position.ts';

/** `[incarnation, revision, expiresAt]` by name. */
type PinRow = Record<string, [string, number, number]>;

/** The pins that hold at `time`. */
export function pinsOf(row: StoredEntry | undefined, time: number): Pin[] {
  if (row === undefined) return [];
  return Object.entries(JSON.parse(String(row.content)) as PinRow)
    .filter(([, [, , expiresAt]]) => expiresAt > time)
    .map(([name, [incarnation, revision, expiresAt]]) => ({
      name,
      position: { incarnation, revision },
      expiresAt,
    }));
}

/** Sets, moves or (with ttlMs 0) releases a pin. `decided` holds the pin once it was applied. */
export class PinWork implements Work {
  readonly ledger: string;
  readonly reads = { refs: [pinsRef], scopes: [] };
  decided: Pin | undefined;
  readonly #name: string;
  readonly #at: Position;
  readonly #ttlMs: number;

  constructor(ledger: string, name: string, at: Position, ttlMs: number) {
    this.ledger = ledger;
    this.#name = name;
    this.#at = at;
    this.#ttlMs = ttlMs;
  }

  decide(view: View): Decision {
    const { head, time } = view;
    if (this.#ttlMs > 0 && this.#at.revision < head.trimmed) {
      throw new HoldfastError('trimmed', `the log is gone up to revision ${head.trimmed}`, {
        details: { pin: this.#name, revision: this.#at.revision, trimmed: head.trimmed },
      });
    }
    const expiresAt = time + this.#ttlMs;
    const pins = pinsOf(view.entries[0], time).filter((pin) => pin.name !== this.#name);
    this.decided = { name: this.#name, position: this.#at, expiresAt };
    if (this.#ttlMs > 0) pins.push(this.decided);
    return pinsDecision(pins);
  }
}

function pinsDecision(pins: readonly Pin[]): Decision {
  const row: PinRow = Object.create(null) as PinRow;
  for (const { name, position, expiresAt } of pins) {
    row[name] = [position.incarnation, position.revision, expiresAt];
  }
  const content = JSON.stringify(row);
  const times = { createdAt: undefined, expiresAt: undefined };
  const put = { kind: 'put', ...pinsRef, content, offset: 1, ...times } as const;
  const write = { ...put, schema: 0, size: content.length, external: false };
  return { kind: 'decision', revisions: 1, writes: [write], scopes: [], log: undefined };
}
