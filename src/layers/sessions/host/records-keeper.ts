/**
 * Keeps opaque sessions: a snapshot, and the deltas since, until they weigh as much as half of it.
 *
 * Workers are sent snapshots that are folded here, never a chain. States that were folded lately
 * are remembered within a bound of bytes; the store alone tells the truth.
 *
 * G1. A delta is stored only after it was applied to the host's own copy and gave the hash of the
 *     state that it is to lead to.
 * G2. The records reach back to every state that the next turn may start from.
 */
import { LRUCache } from 'lru-cache';
import { HoldfastError } from '../../../errors/index.ts';
import type { Ledger, Mutation, Ref } from '../../../ledger/index.ts';
import { recordRef } from '../keyspace.ts';
import type { BytesCodec } from '../payload/payload.ts';
import type { StateHash } from '../state/set-hash.ts';
import { currentBase } from '../stored-session.ts';
import type { Base, RecordInfo, StoredSession } from '../stored-session.ts';
import { isSame, overtaken } from './keeper.ts';
import type { Answer, Folded, Keeper } from './keeper.ts';

export const chunkBytes = 256 * 1024;
/** A chain is folded when it has more deltas, or more than half the bytes of its snapshot. */
const deltasMax = 40;
const smallBytes = 32 * 1024;
/** Turns that are regenerated again and again give up the state that they all started from. */
const recordsMax = 100;

export interface RecordsKeeperOptions {
  /** Bytes of folded states that are remembered. */
  readonly cacheBytes: number;
}

export class RecordsKeeper implements Keeper {
  readonly emptyHash: StateHash;
  readonly #ledger: Ledger;
  readonly #codec: BytesCodec;
  readonly #folded: LRUCache<string, Uint8Array>;

  constructor(ledger: Ledger, codec: BytesCodec, { cacheBytes }: RecordsKeeperOptions) {
    this.#ledger = ledger;
    this.#codec = codec;
    this.emptyHash = codec.hash(codec.empty());
    this.#folded = new LRUCache<string, Uint8Array>({
      maxSize: Math.max(1, cacheBytes),
      sizeCalculation: (bytes) => bytes.byteLength + 256,
    });
  }

  snapshot(session: StoredSession, base: Base): Promise<Uint8Array | undefined> {
    return this.#state(session, base);
  }

  async delta(session: StoredSession, from: Base, base: Base): Promise<Uint8Array | undefined> {
    const record = session.head?.records?.find(({ version }) => version === base.version);
    if (record?.kind === 'delta' && from.version === base.version - 1) {
      return this.#record(session, record);
    }
    const [before, after] = [await this.#state(session, from), await this.#state(session, base)];
    return before && after && this.#codec.diff(before, after);
  }

  async fold(session: StoredSession, base: Base, answer: Answer): Promise<Folded> {
    const current = currentBase(session, this.emptyHash);
    const before = await this.#state(session, base);
    if (before === undefined) throw overtaken(session);
    const after = this.#after(before, answer);
    const hash = this.#codec.hash(after);
    if (answer.hash !== undefined && hash !== answer.hash) {
      const message = 'the answer leads to another state than it says';
      const details = { expected: answer.hash, found: hash };
      throw new HoldfastError('state_mismatch', message, { details });
    }
    const isNext = isSame(base, current);
    const delta = isNext
      ? answer.delta
      : await this.#fromCurrent(session, current, { after, hash });
    const version = current.version + 1;
    const isFull = (session.head?.records?.length ?? 0) > recordsMax;
    const earlier = isNext || isFull ? [current] : [current, base];
    this.#remember(session, { version, hash }, after);
    return { hash, earlier, ...this.#records(session, { version, after, delta, earlier }) };
  }

  #after(before: Uint8Array, { delta, snapshot }: Answer): Uint8Array {
    if (delta !== undefined) return this.#codec.apply(before, delta);
    if (snapshot !== undefined) return snapshot;
    throw new HoldfastError('protocol', 'a complete turn has a delta or a snapshot');
  }

  /** Undefined if there is no delta that leads there: the whole is kept then. */
  async #fromCurrent(
    session: StoredSession,
    current: Base,
    { after, hash }: { readonly after: Uint8Array; readonly hash: StateHash },
  ): Promise<Uint8Array | undefined> {
    const now = await this.#state(session, current);
    const delta = now && this.#codec.diff(now, after);
    if (delta === undefined) return undefined;
    return this.#codec.hash(this.#codec.apply(now as Uint8Array, delta)) === hash
      ? delta
      : undefined;
  }

  /** The mutations that add a record and drop those that nobody needs any more. */
  #records(
    { scope, head }: StoredSession,
    added: {
      readonly version: number;
      readonly after: Uint8Array;
      readonly delta: Uint8Array | undefined;
      readonly earlier: readonly Base[];
    },
  ): Pick<Folded, 'mutations' | 'records'> {
    const { version, after, delta, earlier } = added;
    const kept = head?.records ?? [];
    const isDelta = delta !== undefined && mayGrow(kept, delta.byteLength);
    const content = isDelta ? delta : after;
    const kind = isDelta ? 'delta' : 'snapshot';
    const all: RecordInfo[] = [...kept, { version, kind, bytes: content.byteLength }];
    const reach = Math.min(...earlier.map((base) => base.version));
    const start = all.findLastIndex((one) => one.kind === 'snapshot' && one.version <= reach);
    // Before the first turn the state is empty: version 0 needs no record.
    const first = start < 0 ? 0 : start;
    const mutations: Mutation[] = chunksOf(content).map((value, chunk) => {
      return { kind: 'set', ...recordRef(scope, version, chunk), value };
    });
    for (const record of all.slice(0, first)) {
      for (const ref of refsOf(scope, record)) mutations.push({ kind: 'delete', ...ref });
    }
    return { mutations, records: all.slice(first) };
  }

  /** Undefined if the records do not reach it, or make another state. */
  async #state(session: StoredSession, base: Base): Promise<Uint8Array | undefined> {
    if (base.version === 0) return this.#codec.empty();
    const known = this.#folded.get(cacheKey(session, base));
    if (known !== undefined) return known;
    const records = (session.head?.records ?? []).filter(({ version }) => version <= base.version);
    const start = records.findLastIndex(({ kind }) => kind === 'snapshot');
    if (start < 0 && records[0]?.version !== 1) return undefined;
    let state = this.#codec.empty();
    for (const record of records.slice(Math.max(0, start))) {
      const bytes = await this.#record(session, record);
      if (bytes === undefined) return undefined;
      state = record.kind === 'snapshot' ? bytes : this.#codec.apply(state, bytes);
    }
    if (this.#codec.hash(state) !== base.hash) return undefined;
    this.#remember(session, base, state);
    return state;
  }

  async #record({ scope }: StoredSession, record: RecordInfo): Promise<Uint8Array | undefined> {
    const refs = refsOf(scope, record);
    const entries = await this.#ledger.read(refs);
    const whole = new Uint8Array(record.bytes);
    let at = 0;
    for (const entry of entries) {
      const chunk = entry?.value.content;
      if (!(chunk instanceof Uint8Array) || at + chunk.byteLength > whole.byteLength) return;
      whole.set(chunk, at);
      at += chunk.byteLength;
    }
    return at === whole.byteLength ? whole : undefined;
  }

  #remember(session: StoredSession, base: Base, state: Uint8Array): void {
    this.#folded.set(cacheKey(session, base), state);
  }
}

function mayGrow(records: readonly RecordInfo[], bytes: number): boolean {
  const start = records.findLastIndex(({ kind }) => kind === 'snapshot');
  const deltas = records.slice(start + 1);
  const whole = Math.max(smallBytes, records[start]?.bytes ?? 0);
  const chain = deltas.reduce((sum, record) => sum + record.bytes, bytes);
  return deltas.length < deltasMax && chain <= whole / 2;
}

function chunksOf(bytes: Uint8Array): Uint8Array[] {
  const count = Math.max(1, Math.ceil(bytes.byteLength / chunkBytes));
  return Array.from({ length: count }, (_, chunk) => {
    return bytes.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes);
  });
}

function refsOf(scope: string, { version, bytes }: RecordInfo): Ref[] {
  const length = Math.max(1, Math.ceil(bytes / chunkBytes));
  return Array.from({ length }, (_, chunk) => recordRef(scope, version, chunk));
}

function cacheKey({ name }: StoredSession, { version, hash }: Base): string {
  return `${version} ${hash} ${name}`;
}
