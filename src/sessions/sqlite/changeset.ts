/**
 * What a changeset of SQLite's session extension says, row by row.
 *
 * The format is that of https://www.sqlite.org/session/changesetfmt.html. Only as much of it is
 * read as is needed to know which rows went and came. A patchset, which LiveKit's workers send,
 * does not tell what was there before.
 */
import { HoldfastError } from '../../errors/index.ts';

/** As SQLite gives it with big integers; undefined: the changeset does not say. */
export type Cell = bigint | number | string | Uint8Array | null | undefined;

export interface RowChange {
  readonly table: string;
  readonly kind: 'insert' | 'update' | 'delete';
  /** Whether each column is part of the primary key. */
  readonly keys: readonly boolean[];
  /** Undefined for `insert`, and in a patchset. */
  readonly before: readonly Cell[] | undefined;
  /** Undefined for `delete`. */
  readonly after: readonly Cell[] | undefined;
}

const decoder = new TextDecoder('utf-8');
const tableMark = 0x54;
const patchMark = 0x50;
const kinds = new Map([
  [18, 'insert'],
  [23, 'update'],
  [9, 'delete'],
] as const);

/** Throws `protocol` for bytes that are neither a changeset nor a patchset. */
export function rowChanges(changeset: Uint8Array): readonly RowChange[] {
  try {
    return new ChangesetReader(changeset).rows();
  } catch (error) {
    throw new HoldfastError('protocol', 'the bytes are no changeset', { cause: error });
  }
}

class ChangesetReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  rows(): RowChange[] {
    const rows: RowChange[] = [];
    let table = '';
    let keys: boolean[] = [];
    let isPatch = false;
    while (this.#at < this.#bytes.byteLength) {
      const mark = this.#byte();
      if (mark === tableMark || mark === patchMark) {
        isPatch = mark === patchMark;
        const columns = this.#varint();
        keys = Array.from({ length: columns }, () => this.#byte() !== 0);
        table = this.#name();
        continue;
      }
      const kind = kinds.get(mark as 18 | 23 | 9);
      if (kind === undefined) throw new RangeError(`${mark} is no change`);
      this.#byte(); // Whether it was made by a trigger.
      const row = (): Cell[] => keys.map(() => this.#cell());
      // A patchset's deletion names the key alone.
      const key = (): Cell[] => keys.map((isKey) => (isKey ? this.#cell() : undefined));
      const isNew = kind === 'insert' || (isPatch && kind === 'update');
      const before = isNew ? undefined : isPatch ? key() : row();
      const after = kind === 'delete' ? undefined : row();
      rows.push({ table, kind, keys, before, after });
    }
    return rows;
  }

  #cell(): Cell {
    const type = this.#byte();
    switch (type) {
      case 0:
        return undefined;
      case 1:
        return this.#view.getBigInt64(this.#skip(8));
      case 2:
        return this.#view.getFloat64(this.#skip(8));
      case 3:
        return decoder.decode(this.#slice(this.#varint()));
      case 4:
        return this.#slice(this.#varint());
      case 5:
        return null;
      default:
        throw new RangeError(`${type} is no type of a value`);
    }
  }

  #byte(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  /** SQLite's own: big-endian groups of seven bits; the ninth byte has eight. */
  #varint(): number {
    let value = 0;
    for (let count = 0; count < 8; count += 1) {
      const byte = this.#byte();
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) return value;
    }
    throw new RangeError('a length is too large');
  }

  #name(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw new RangeError('the name of a table does not end');
    const name = decoder.decode(this.#slice(end - this.#at));
    this.#at += 1;
    return name;
  }

  #slice(length: number): Uint8Array {
    const start = this.#skip(length);
    return this.#bytes.subarray(start, start + length);
  }

  #skip(length: number): number {
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.byteLength) throw new RangeError('the changeset is cut off');
    return start;
  }
}
