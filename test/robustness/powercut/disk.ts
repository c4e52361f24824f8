/**
 * A disk that remembers what a power cut could not take away.
 *
 * D1. The bytes of a file are safe once a sync of that file finished that began after they were
 *     written, through whatever handle; or at once, where a write goes through (`O_DSYNC`).
 * D2. A name (created, moved or removed) is safe once a sync of its folder finished that began
 *     afterwards. A sync of the file alone does not save its name: POSIX promises no more.
 * D3. Everything else survives as chance has it. Writes are torn at sectors of 512 bytes, in any
 *     order; names, which every journalling file system keeps in order, survive up to some moment.
 * D4. A sector that was not written keeps what it held: disks do not damage its neighbours.
 */
import { posix } from 'node:path';
import { assert } from '../../../src/internal/assert.ts';
import type { Random } from '../../../src/internal/random.ts';
import { FileBytes } from './file-bytes.ts';
import type { TraceRecord } from './trace.ts';

/**
 * What becomes of changes that no sync covered: none survive; a random choice of sectors does; all
 * up to a random moment of each file do; all do.
 */
export const survivals = ['none', 'torn', 'prefix', 'all'] as const;
export type Survival = (typeof survivals)[number];

const sectorBytes = 512;

type ContentChange =
  | { readonly offset: number; readonly data: Uint8Array; readonly through: boolean }
  | { readonly size: number };

interface DiskFile {
  readonly safe: FileBytes;
  readonly pending: ContentChange[];
  /** How many changes became safe, so that a place in the history outlives them. */
  settled: number;
}

interface NameChange {
  /** Counts the changes of names on the disk. */
  readonly sequence: number;
  readonly folder: string;
  /** Undefined removes the name. */
  readonly entries: readonly (readonly [name: string, file: DiskFile | undefined])[];
}

interface Handle {
  /** Undefined for a folder. */
  readonly file: DiskFile | undefined;
  readonly path: string;
  /** Where the running syncs of this handle began, oldest first. */
  readonly syncs: number[];
}

export class Disk {
  readonly #handles = new Map<string, Handle>();
  readonly #names = new Map<string, DiskFile>();
  readonly #safeNames = new Map<string, DiskFile>();
  #pendingNames: NameChange[] = [];
  #nameSequence = 0;

  /** A disk that holds these files, safe. */
  constructor(files: Iterable<readonly [string, Uint8Array]> = []) {
    for (const [name, bytes] of files) {
      const file = { safe: new FileBytes(bytes), pending: [], settled: 0 };
      this.#names.set(name, file);
      this.#safeNames.set(name, file);
    }
  }

  apply(record: TraceRecord): void {
    switch (record.kind) {
      case 'open':
        this.#open(record);
        break;
      case 'write': {
        const { offset, data, through } = record;
        this.#fileOf(record.file).pending.push({ offset, data, through });
        break;
      }
      case 'resize':
        this.#fileOf(record.file).pending.push({ size: record.size });
        break;
      case 'sync-begin': {
        const handle = this.#handle(record.file);
        handle.syncs.push(this.#extent(handle));
        break;
      }
      case 'sync-end':
        this.#finishSync(this.#handle(record.file));
        break;
      case 'rename': {
        const { from, to } = record;
        this.#changeNames(from, [
          [from, undefined],
          [to, this.#names.get(from)],
        ]);
        break;
      }
      case 'unlink':
        this.#changeNames(record.path, [[record.path, undefined]]);
        break;
      case 'mapped': {
        const { path } = this.#handle(record.file);
        // SQLite's index of the WAL is rebuilt after a crash; nothing else may be written unseen.
        assert(path.endsWith('-shm'), `'${path}' is written through a mapping`);
        break;
      }
    }
  }

  /** What is on the disk after a power cut at this moment. */
  afterCut(survival: Survival, random: Random): Map<string, Buffer> {
    const names = new Map(this.#safeNames);
    const kept = share(survival, random, this.#pendingNames.length);
    for (const change of this.#pendingNames.slice(0, kept)) applyNames(names, change);
    // Some power cuts lose nearly everything, some nearly nothing.
    const odds = [0.1, 0.5, 0.9][Math.floor(random.float() * 3)]!;
    const files = new Map<string, Buffer>();
    for (const [name, file] of names) {
      files.set(name, contentAfterCut(file, survival, odds, random));
    }
    return files;
  }

  #open({ file: handle, path, truncates, directory }: TraceRecord & { kind: 'open' }): void {
    if (directory) {
      this.#handles.set(handle, { file: undefined, path, syncs: [] });
      return;
    }
    let file = this.#names.get(path);
    if (file === undefined) {
      file = { safe: new FileBytes(), pending: [], settled: 0 };
      this.#changeNames(path, [[path, file]]);
    } else if (truncates) file.pending.push({ size: 0 });
    this.#handles.set(handle, { file, path, syncs: [] });
  }

  #changeNames(path: string, entries: NameChange['entries']): void {
    this.#nameSequence += 1;
    const change = { sequence: this.#nameSequence, folder: folderOf(path), entries };
    applyNames(this.#names, change);
    this.#pendingNames.push(change);
  }

  /** How much of the handle's file or folder a sync that begins now covers. */
  #extent({ file }: Handle): number {
    if (file !== undefined) return file.settled + file.pending.length;
    return this.#nameSequence;
  }

  #finishSync({ file, path, syncs }: Handle): void {
    const extent = syncs.shift();
    assert(extent !== undefined, 'a sync ended that never began');
    if (file !== undefined) {
      settle(file, extent);
      return;
    }
    const open: NameChange[] = [];
    for (const change of this.#pendingNames) {
      if (change.sequence <= extent && change.folder === path) applyNames(this.#safeNames, change);
      else open.push(change);
    }
    this.#pendingNames = open;
  }

  #handle(handle: string): Handle {
    const found = this.#handles.get(handle);
    assert(found !== undefined, `the handle ${handle} was never opened`);
    return found;
  }

  #fileOf(handle: string): DiskFile {
    const { file, path } = this.#handle(handle);
    assert(file !== undefined, `the folder '${path}' was written to`);
    return file;
  }
}

function folderOf(path: string): string {
  const folder = posix.dirname(path);
  return folder === '.' ? '' : folder;
}

function applyNames(names: Map<string, DiskFile>, { entries }: NameChange): void {
  for (const [name, file] of entries) {
    if (file === undefined) names.delete(name);
    else names.set(name, file);
  }
}

/** Makes the first `extent` changes of the file's history safe. */
function settle(file: DiskFile, extent: number): void {
  const covered = file.pending.splice(0, Math.max(0, extent - file.settled));
  file.settled += covered.length;
  for (const change of covered) applyContent(file.safe, change);
}

function applyContent(bytes: FileBytes, change: ContentChange): void {
  if ('size' in change) bytes.resize(change.size);
  else bytes.write(change.offset, change.data);
}

/** How many of `count` changes, in order, survive. */
function share(survival: Survival, random: Random, count: number): number {
  if (survival === 'none') return 0;
  return survival === 'all' ? count : Math.floor(random.float() * (count + 1));
}

function contentAfterCut(
  { safe, pending }: DiskFile,
  survival: Survival,
  odds: number,
  random: Random,
): Buffer {
  const bytes = safe.copy();
  const kept = share(survival, random, pending.length);
  // The change that the cut fell into got through in part, from its start.
  let begun = Math.floor(random.float() * 8);
  for (const [index, change] of pending.entries()) {
    if ('through' in change && change.through) applyContent(bytes, change);
    else if (survival === 'torn') applyTorn(bytes, change, () => random.float() < odds);
    else if (index < kept) applyContent(bytes, change);
    else if (survival === 'prefix' && index === kept) {
      applyTorn(bytes, change, () => (begun -= 1) >= 0);
    }
  }
  return bytes.bytes();
}

function applyTorn(bytes: FileBytes, change: ContentChange, survives: () => boolean): void {
  if ('size' in change) {
    if (survives()) bytes.resize(change.size);
    return;
  }
  const { offset, data } = change;
  let start = 0;
  while (start < data.length) {
    const room = sectorBytes - ((offset + start) % sectorBytes);
    const end = Math.min(start + room, data.length);
    if (survives()) bytes.write(offset + start, data.subarray(start, end));
    start = end;
  }
}
