/**
 * Acknowledgements: what a writer was answered, one line of JSON each, in a file beside the store.
 *
 * A line stands for a message that left the machine. The power-cut harness keeps every line that
 * was written before the cut, whatever becomes of the disk.
 */
import { openSync, readFileSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export type Ack =
  | {
      readonly kind: 'committed';
      readonly index: number;
      readonly incarnation: string;
      readonly revision: number;
      readonly time: number;
      readonly durability: string;
      readonly replayed: boolean;
      /** What became of each entry: `[change, version]`. */
      readonly results: readonly (readonly [string, number])[];
    }
  | { readonly kind: 'conflict'; readonly index: number }
  | { readonly kind: 'refused'; readonly index: number; readonly code: string }
  /** Everything in the lines above this one, as many as `through`, is durable. */
  | { readonly kind: 'flushed'; readonly through: number };

const prefix = 'acks-';

export function isAckFile(name: string): boolean {
  return name.startsWith(prefix);
}

export class AckFile {
  readonly #fd: number;
  #lines = 0;

  constructor(folder: string, writer: string) {
    this.#fd = openSync(join(folder, `${prefix}${writer}`), 'a');
  }

  get lines(): number {
    return this.#lines;
  }

  /** One write, so that a kill leaves every line whole but perhaps the last. */
  append(ack: unknown): void {
    writeSync(this.#fd, `${JSON.stringify(ack)}\n`);
    this.#lines += 1;
  }
}

/** The lines that were written whole. */
export function wholeLines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}

/** By writer; `files` is by name of file. */
export function parseAcks(files: Iterable<readonly [string, string]>): Map<string, Ack[]> {
  const acks = new Map<string, Ack[]>();
  for (const [name, text] of files) {
    const lines = wholeLines(text).map((line) => JSON.parse(line) as Ack);
    acks.set(name.slice(prefix.length), lines);
  }
  return acks;
}

/** Without those that a power cut may have taken: what is left must be there for ever. */
export function durableAcks(lines: readonly Ack[]): Ack[] {
  const through = flushedThrough(lines);
  const durable: Ack[] = [];
  for (const [line, ack] of lines.entries()) {
    if (ack.kind !== 'committed') durable.push(ack);
    else if (ack.durability === 'sync' || line < through) {
      durable.push({ ...ack, durability: 'sync' });
    }
  }
  return durable.filter((ack) => ack.kind !== 'flushed');
}

/** How many of the lines a flush has made durable, whatever they asked for. */
export function flushedThrough(lines: readonly Ack[]): number {
  return Math.max(0, ...lines.map((ack) => (ack.kind === 'flushed' ? ack.through : 0)));
}

export function readAcks(folder: string): Map<string, Ack[]> {
  const names = readdirSync(folder).filter(isAckFile);
  return parseAcks(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}
