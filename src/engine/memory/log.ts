/**
 * The log of one ledger in memory: rows in the order of their revisions.
 *
 * G1. Rows do not overlap and ascend; `bytes` is the sum of their bodies in UTF-8.
 * G2. `trimmed` is the last revision of the last row that was dropped, so no kept row begins at or
 *     below it.
 */
import type { LogQuery, LogRow } from '../engine.ts';

interface StoredRow extends LogRow {
  readonly bytes: number;
}

export class MemoryLog {
  trimmed = 0;
  bytes = 0;
  #rows: StoredRow[] = [];

  get length(): number {
    return this.#rows.length;
  }

  append(row: LogRow): void {
    const bytes = Buffer.byteLength(row.body);
    this.#rows.push({ ...row, bytes });
    this.bytes += bytes;
  }

  /** Drops the rows that end at or below `revision`. */
  trim(revision: number): void {
    const dropped = this.#rows.splice(0, this.#firstAfter(revision));
    this.trimmed = dropped.at(-1)?.last ?? this.trimmed;
    for (const row of dropped) this.bytes -= row.bytes;
  }

  /** Replaces the body of the row that ends at `last`, if it is still there. */
  rewrite(last: number, body: string): void {
    const index = this.#firstAfter(last - 1);
    const row = this.#rows[index];
    if (row === undefined || row.last !== last) return;
    const bytes = Buffer.byteLength(body);
    this.bytes += bytes - row.bytes;
    this.#rows[index] = { ...row, body, bytes };
  }

  /** The rows that the query wants, and the last revision that was looked at, `head` at the end. */
  query(query: LogQuery, head: number): { rows: LogRow[]; through: number } {
    const { limit, maxBytes = Infinity, wants } = query;
    const start = this.#firstAfter(query.after);
    const rows: LogRow[] = [];
    let bytes = 0;
    let index = start;
    for (; index < this.#rows.length && index - start < limit && bytes < maxBytes; index += 1) {
      const row = this.#rows[index];
      if (row === undefined || (wants !== undefined && !wants(row.tags))) continue;
      const { first, last, time, tags, body } = row;
      rows.push({ first, last, time, tags, body });
      bytes += row.bytes;
    }
    if (index >= this.#rows.length) return { rows, through: head };
    return { rows, through: this.#rows[index - 1]?.last ?? query.after };
  }

  /** The index of the first row that ends above `revision`. */
  #firstAfter(revision: number): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#rows[middle]?.last ?? Infinity) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
