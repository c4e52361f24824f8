/**
 * Idempotency windows: what became of a client's recent proposals.
 *
 * W1. A repeat within the window returns the first receipt and applies nothing.
 * W2. A repeat with another payload is `stamp_reused`; one older than the window is
 *     `stamp_expired`: it cannot be told from a new one, so it is not applied.
 * W3. A conflict leaves no trace: it is judged anew. So is what changed nothing, for a stamp that
 *     is for one call alone.
 * W4. A window goes when its client has been silent for a day or longer: its head dies, and whoever
 *     sweeps the head drops the blocks that it names. Until it is swept it holds.
 *
 * Sequences are kept in blocks of 16, one row each, so that a group rewrites little: rows that stay
 * below a quarter of a page, and that leave an engine's index of expiry alone. A row has a line
 * `<sequence>,<digest>,<place>,<time>,<result codes>` for each. The group that writes a row does
 * not know its base yet, so its own revisions are placed as `-<distance to the row's version>`,
 * without a time, which is the row's; the next rewrite spells both out. The row `head` names the
 * newest block.
 */
import type { PutWrite, Ref, StoredEntry } from '../../engine/index.ts';
import { HoldfastError } from '../../errors/index.ts';
import { addressOf, clientsScope } from '../keyspace/address.ts';
import type { Decided } from './answer.ts';
import type { PreparedStamp } from '../door/prepared.ts';

const blockSize = 16;
const blocksKept = 128;
/** How long a silent client's window is kept at least, and at most. */
const windowMs = 24 * 60 * 60 * 1000;
const windowMsMax = 36 * 60 * 60 * 1000;

interface Head {
  newest: number;
  /** What the row says; -1 if there is none. */
  readonly stored: number;
  readonly expiresAt: number;
  /** Whether this group records something in the window. */
  isUsed: boolean;
}

interface Outcome {
  readonly digest: string;
  /** Absolute, or counted from the base if `pending`. */
  readonly revision: number;
  readonly pending: boolean;
  /** Undefined while pending: the commit's time is not drawn yet. */
  readonly time: number | undefined;
  readonly codes: string;
}

export function windowRefs(stamp: PreparedStamp): readonly Ref[] {
  return [headRef(stamp.client), blockRef(stamp.client, blockOf(stamp.sequence))];
}

function blockOf(sequence: number): number {
  return Math.floor(sequence / blockSize);
}

const headPrefix = 'head\n';

function headRef(client: string): Ref {
  return { scope: clientsScope, key: `${headPrefix}${client}` };
}

function blockRef(client: string, block: number): Ref {
  return { scope: clientsScope, key: `${block}\n${client}` };
}

/** The blocks that a head names, if `ref` is one: they go with it. */
export function blocksOf({ scope, key }: Ref, content: unknown): Ref[] {
  if (scope !== clientsScope || !key.startsWith(headPrefix)) return [];
  return namedBlocks(key.slice(headPrefix.length), Number(content), Infinity);
}

/** Of the blocks that a head with this newest one names, those up to and with `last`. */
function namedBlocks(client: string, newest: number, last: number): Ref[] {
  const refs: Ref[] = [];
  const end = Math.min(newest, last);
  for (let block = Math.max(0, newest - blocksKept + 1); block <= end; block += 1) {
    refs.push(blockRef(client, block));
  }
  return refs;
}

/** The windows of the clients in one group: read as asked for, written back once. */
export class Windows {
  readonly #blocks = new Map<
    string,
    { ref: Ref; outcomes: Map<number, Outcome>; dirty: boolean }
  >();
  readonly #heads = new Map<string, Head>();
  readonly #entryOf: (address: string) => StoredEntry | undefined;

  constructor(entryOf: (address: string) => StoredEntry | undefined) {
    this.#entryOf = entryOf;
  }

  /** The first answer to this stamp, if there was one. */
  find(stamp: PreparedStamp): Decided | undefined {
    const block = blockOf(stamp.sequence);
    const head = this.#head(stamp.client);
    if (block <= head.newest - blocksKept) {
      const error = new HoldfastError(
        'stamp_expired',
        `sequence ${stamp.sequence} of client '${stamp.client}' is older than its window`,
        { details: { client: stamp.client, sequence: stamp.sequence } },
      );
      return { kind: 'error', error };
    }
    const outcome = this.#block(stamp.client, block).outcomes.get(stamp.sequence);
    if (outcome === undefined) return undefined;
    if (outcome.digest !== stamp.digest) {
      const error = new HoldfastError(
        'stamp_reused',
        `sequence ${stamp.sequence} of client '${stamp.client}' was used for another proposal`,
        { details: { client: stamp.client, sequence: stamp.sequence } },
      );
      return { kind: 'error', error };
    }
    const { revision, pending, time, codes } = outcome;
    return { kind: 'replayed', revision, pending, time, codes };
  }

  record(stamp: PreparedStamp, offset: number, codes: string): void {
    const number = blockOf(stamp.sequence);
    const block = this.#block(stamp.client, number);
    const pending = { revision: offset, pending: true, time: undefined };
    block.outcomes.set(stamp.sequence, { digest: stamp.digest, ...pending, codes });
    block.dirty = true;
    const head = this.#head(stamp.client);
    head.newest = Math.max(head.newest, number);
    head.isUsed = true;
  }

  get dirty(): boolean {
    for (const block of this.#blocks.values()) if (block.dirty) return true;
    return false;
  }

  /** Rows to put and refs to delete, with `offset` as the version of every row. */
  writes(offset: number, time: number): { puts: PutWrite[]; deletes: Ref[] } {
    const puts: PutWrite[] = [];
    const deletes: Ref[] = [];
    for (const block of this.#blocks.values()) {
      if (block.dirty) puts.push(row(block.ref, encode(block.outcomes, offset), offset));
    }
    for (const [client, head] of this.#heads) {
      const livesOn = head.expiresAt >= time + windowMs;
      if (!head.isUsed || (head.newest === head.stored && livesOn)) continue;
      const expiresAt = time + windowMsMax;
      puts.push({ ...row(headRef(client), String(head.newest), offset), expiresAt });
      deletes.push(...namedBlocks(client, head.stored, head.newest - blocksKept));
    }
    return { puts, deletes };
  }

  #head(client: string): Head {
    let head = this.#heads.get(client);
    if (head === undefined) {
      const entry = this.#entryOf(addressOf(headRef(client)));
      const newest = entry === undefined ? -1 : Number(entry.content);
      head = { newest, stored: newest, expiresAt: entry?.expiresAt ?? 0, isUsed: false };
      this.#heads.set(client, head);
    }
    return head;
  }

  #block(
    client: string,
    number: number,
  ): { ref: Ref; outcomes: Map<number, Outcome>; dirty: boolean } {
    const ref = blockRef(client, number);
    let block = this.#blocks.get(ref.key);
    if (block === undefined) {
      const entry = this.#entryOf(addressOf(ref));
      block = { ref, outcomes: decode(entry), dirty: false };
      this.#blocks.set(ref.key, block);
    }
    return block;
  }
}

/** Absolute revisions stay absolute; pending ones become `-<distance to the row's version>`. */
function encode(outcomes: Map<number, Outcome>, offset: number): string {
  const lines: string[] = [];
  for (const [sequence, { digest, revision, pending, time, codes }] of outcomes) {
    const place = pending ? `-${offset - revision}` : String(revision);
    lines.push(`${sequence},${digest},${place},${time ?? ''},${codes}`);
  }
  return lines.join('\n');
}

function decode(entry: StoredEntry | undefined): Map<number, Outcome> {
  const outcomes = new Map<number, Outcome>();
  if (entry === undefined) return outcomes;
  for (const line of String(entry.content).split('\n')) {
    const [sequence, digest = '', place = '', time = '', codes = ''] = line.split(',');
    const relative = place.startsWith('-');
    outcomes.set(Number(sequence), {
      digest,
      revision: relative ? entry.version - Number(place.slice(1)) : Number(place),
      pending: false,
      time: time === '' ? entry.updatedAt : Number(time),
      codes,
    });
  }
  return outcomes;
}

function row(ref: Ref, content: string, offset: number): PutWrite {
  const size = ref.key.length + content.length;
  const times = { createdAt: undefined, expiresAt: undefined };
  return { kind: 'put', ...ref, content, offset, ...times, schema: 0, size, external: false };
}
