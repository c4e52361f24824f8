/**
 * Trimming: forgetting the log beyond its retention, and the large values that only it still named.
 *
 * T1. A row goes when it is older than `ms` or the log is larger than `bytes`, and no pin needs it.
 * T2. Beyond `hardBytes` a row goes whatever holds it; the pin's owner is told `trimmed`.
 * T3. A large value goes with the last row that names it, in the same transaction.
 */
import type { Decision, LogRow, View, Work, Write } from '../../engine/index.ts';
import { pinsRef, valuesScope } from '../keyspace/address.ts';
import { garbageOf } from '../keyspace/external.ts';
import type { ExternalRef } from '../keyspace/external.ts';
import { externalMark } from '../log/body.ts';
import { splitBody } from '../log/decode.ts';
import type { RawValue } from '../log/decode.ts';
import { pinsOf } from './pins.ts';

export interface Retention {
  /** How long commits stay readable. */
  readonly ms: number;
  /** Bytes of log above which the oldest commits go earlier. */
  readonly bytes: number;
  /** Bytes of log that not even pins may hold. */
  readonly hardBytes: number;
}

interface Candidate {
  readonly last: number;
  readonly bytes: number;
  readonly garbage: readonly string[];
}

export class TrimWork implements Work {
  readonly ledger: string;
  readonly reads = { refs: [pinsRef], scopes: [] };
  /** Whether the last decision took every candidate. */
  tookAll = false;
  readonly #candidates: readonly Candidate[];
  readonly #retention: Retention;

  constructor(ledger: string, candidates: readonly Candidate[], retention: Retention) {
    this.ledger = ledger;
    this.#candidates = candidates;
    this.#retention = retention;
  }

  decide(view: View): Decision {
    const held = pinsOf(view.entries[0], view.time).map((pin) => pin.position.revision);
    const firstHeld = Math.min(Infinity, ...held);
    let logBytes = view.head.logBytes;
    let through = 0;
    const writes: Write[] = [];
    let taken = 0;
    for (const { last, bytes, garbage } of this.#candidates) {
      const pinned = last > firstHeld && logBytes <= this.#retention.hardBytes;
      if (pinned) break;
      taken += 1;
      if (last <= view.head.trimmed) continue;
      through = last;
      logBytes -= bytes;
      for (const key of garbage) writes.push({ kind: 'delete', scope: valuesScope, key });
    }
    this.tookAll = taken === this.#candidates.length;
    return {
      kind: 'decision',
      revisions: writes.length > 0 ? 1 : 0,
      writes,
      scopes: [],
      log: undefined,
      ...(through > 0 && { trimThrough: through }),
    };
  }
}

/** Those of the oldest rows that retention lets go. */
export function candidatesOf(
  rows: readonly LogRow[],
  now: number,
  logBytes: number,
  retention: Retention,
): Candidate[] {
  const candidates: Candidate[] = [];
  let left = logBytes;
  for (const row of rows) {
    if (row.time >= now - retention.ms && left <= retention.bytes) break;
    const bytes = Buffer.byteLength(row.body);
    left -= bytes;
    candidates.push({ last: row.last, bytes, garbage: garbageOfRow(row) });
  }
  return candidates;
}

function garbageOfRow(row: LogRow): string[] {
  if (!row.tags.startsWith(externalMark)) return [];
  const garbage: string[] = [];
  for (const [, , , changes] of splitBody(row.body).body.commits) {
    for (const change of changes) {
      const previous = change[8] === 0 ? undefined : externalOf(change[8][6]);
      garbage.push(...garbageOf(previous, externalOf(change[3])));
    }
  }
  return garbage;
}

function externalOf(value: RawValue): ExternalRef | undefined {
  return value === 0 || Array.isArray(value) ? undefined : (value as ExternalRef);
}
