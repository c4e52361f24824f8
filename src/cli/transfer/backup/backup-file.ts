/**
 * A backup of entries: whole apps, each as of one moment, as lines of JSON.
 *
 * B1. The first line names the apps; then come the lines of an export (`line.ts`), by app, scope
 *     and key; the last line tells how many there are, and the SHA-256 of all that is before it.
 * B2. `check` reads all of it and finds what is cut off, changed or out of order, so that nothing
 *     has been written when it does.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { compareText } from '../../../internal/text-order.ts';
import { exitCodes } from '../../exit-codes.ts';
import { CommandEnd, unreadable } from '../../failure.ts';
import { formatVersion, parseLine } from '../line.ts';
import type { Incoming } from '../line.ts';
import { linesOf } from '../lines.ts';

export interface BackupFacts {
  readonly apps: readonly string[];
  readonly entries: number;
}

/** Takes the lines of a backup, and has the last one in the end. */
export class BackupSeal {
  readonly #hash = createHash('sha256');

  add(line: string): void {
    this.#hash.update(line);
  }

  footer(entries: number): string {
    return `{"holdfast":{"entries":${entries},"sha256":"${this.#hash.digest('hex')}"}}\n`;
  }
}

export function backupHeader(apps: readonly string[]): string {
  return `{"holdfast":{"format":${formatVersion},"backup":{"apps":${JSON.stringify(apps)}}}}\n`;
}

interface Marks {
  readonly format?: unknown;
  readonly backup?: { readonly apps?: unknown };
  readonly entries?: unknown;
  readonly sha256?: unknown;
}

export class BackupFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Whether its first line is that of a backup. */
  async isBackup(): Promise<boolean> {
    try {
      for await (const { text } of this.#lines(firstBytes)) return appsOf(text) !== undefined;
      return false;
    } catch (error) {
      // Bytes that are no text.
      if (error instanceof CommandEnd && error.code === 'bad_input') return false;
      throw error;
    }
  }

  /** Ends the command if it is not whole. `onProgress` is told how many bytes were read. */
  async check(onProgress: (bytes: number) => void): Promise<BackupFacts> {
    const hash = createHash('sha256');
    let apps: readonly string[] | undefined;
    let entries = 0;
    let last: Incoming | undefined;
    let footer: string | undefined;
    for await (const { text, offset, number } of this.#lines()) {
      if (footer !== undefined) throw this.#damaged(`something stands behind its end`);
      if (number === 1) {
        apps = appsOf(text);
        if (apps === undefined) throw this.#damaged('its first line is not that of a backup');
      } else if (marksOf(text) !== undefined) {
        footer = text;
        continue;
      } else {
        const entry = this.#entryOf(text, number);
        if (!apps?.includes(entry.app ?? '') || (last !== undefined && orderOf(last, entry) >= 0)) {
          throw this.#damaged(`line ${number} is not where it belongs`);
        }
        last = entry;
        entries += 1;
      }
      hash.update(`${text}\n`);
      onProgress(offset);
    }
    const end = footer === undefined ? undefined : marksOf(footer);
    if (apps === undefined || end === undefined) throw this.#damaged('its end is missing');
    if (end.entries !== entries || end.sha256 !== hash.digest('hex')) {
      throw this.#damaged('its entries are not those that were backed up');
    }
    return { apps, entries };
  }

  /** The entries of some apps, in order. Of a file that was checked. */
  async *entries(apps: ReadonlySet<string>): AsyncGenerator<Incoming> {
    for await (const { text, number } of this.#lines()) {
      if (number === 1 || marksOf(text) !== undefined) continue;
      const entry = this.#entryOf(text, number);
      if (apps.has(entry.app ?? '')) yield entry;
    }
  }

  async *#lines(end?: number): AsyncGenerator<{ text: string; offset: number; number: number }> {
    const stream = createReadStream(this.path, end === undefined ? {} : { end });
    try {
      yield* linesOf(stream);
    } catch (error) {
      if (error instanceof CommandEnd) throw this.#damaged(error.message);
      throw unreadable(this.path, error);
    } finally {
      stream.destroy();
    }
  }

  #entryOf(text: string, number: number): Incoming {
    try {
      const line = parseLine(text);
      if (line.kind === 'entry') return line.entry;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw this.#damaged(`line ${number}: ${reason}`);
    }
    throw this.#damaged(`line ${number} is no entry`);
  }

  #damaged(why: string): CommandEnd {
    const message = `${this.path} is damaged: ${why}; nothing was changed`;
    return new CommandEnd('bad_input', exitCodes.failure, message, { path: this.path });
  }
}

/** More than the names of apps take in any backup that somebody would make. */
const firstBytes = 16 * 1024 * 1024;

function appsOf(line: string): readonly string[] | undefined {
  const { format, backup } = marksOf(line) ?? {};
  const apps = backup?.apps;
  if (typeof format !== 'number' || format > formatVersion || !Array.isArray(apps))
    return undefined;
  return apps.every((app) => typeof app === 'string') ? apps : undefined;
}

/** What a line says of the file itself; undefined for that of an entry. */
function marksOf(line: string): Marks | undefined {
  if (!line.startsWith('{"holdfast":')) return undefined;
  try {
    return (JSON.parse(line) as { holdfast: Marks }).holdfast;
  } catch {
    return undefined;
  }
}

function orderOf(one: Incoming, other: Incoming): number {
  return (
    compareText(one.app ?? '', other.app ?? '') ||
    compareText(one.scope, other.scope) ||
    compareText(one.key, other.key)
  );
}
