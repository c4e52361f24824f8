/**
 * One app from a store to another, while both are in use or after an interruption.
 *
 * C1. First the source as of one moment, then its log from there on, until the copy has caught up:
 *     writers go on meanwhile.
 * C2. The copy keeps in a scope of its own, in the same commits, how far it has come. Whoever is
 *     killed goes on from there when the command is given again; a finished copy is brought up to
 *     date the same way, at the cost of what changed since.
 * C3. The target is the copy's alone: an app that holds something and was not begun by a copy of
 *     this source is refused, and what the source does not have is deleted.
 * C4. It ends with a comparison of every entry, as of the position that it has reached.
 * C5. Entries keep value, expiry and schema version. Versions, times and the log are the target's.
 */
import { present } from '../../../internal/assert.ts';
import type {
  Change,
  Entry,
  EntryHead,
  Ledger,
  LedgerSource,
  Mutation,
  Position,
} from '../../../ledger/index.ts';
import { exitCodes } from '../../exit-codes.ts';
import { CommandEnd } from '../../failure.ts';
import { Snapshot } from '../snapshot.ts';
import { Batch } from '../batch.ts';
import { deletion, differencesOf, isSame, setting } from './differences.ts';
import type { Copied } from './differences.ts';
import { entriesOf } from './entries.ts';

/** Where a copy notes how far it is. Not copied on. */
export const progressScope = '$copy/progress';
const progressKey = 'source';
/** More than a note takes beside what it goes with. */
const noteBytesMax = 4096;

export interface CopyOptions {
  /** Names the source in what the copy notes. */
  readonly source: string;
  /** Names the hold on the source's log. */
  readonly pin: string;
  readonly signal: AbortSignal;
  monotonic(): number;
  /** Told now and then: `done` of `total` in this phase, entries or, following, commits. */
  onProgress(phase: 'copying' | 'following' | 'comparing', done: number, total: number): void;
}

export interface CopyCounts {
  /** Entries at the end, alike on both sides. */
  entries: number;
  written: number;
  deleted: number;
  /** Commits of the source that came while it was copied. */
  followed: number;
}

interface Note {
  readonly source: string;
  /** Everything up to here is in the target; absent while the first pass is on its way. */
  readonly at?: Position | undefined;
}

export class Copier {
  readonly counts: CopyCounts = { entries: 0, written: 0, deleted: 0, followed: 0 };
  readonly #from: Ledger;
  readonly #to: Ledger;
  readonly #options: CopyOptions;
  readonly #batch = new Batch<Mutation>();

  constructor(from: LedgerSource, to: LedgerSource, app: string, options: CopyOptions) {
    this.#from = from.ledger(app);
    this.#to = to.ledger(app);
    this.#options = options;
  }

  async run(): Promise<CopyCounts> {
    const note = await this.#begin();
    let at = note.at ?? (await this.#copyAll());
    for (;;) {
      const reached = await this.#follow(at);
      if (reached !== undefined) {
        await this.#compare(reached);
        return this.counts;
      }
      // The source's log no longer tells what came since: look at everything again.
      at = await this.#copyAll();
    }
  }

  /** What an earlier run has noted; refuses a target that is somebody else's. */
  async #begin(): Promise<Note> {
    const { source } = this.#options;
    const [entry] = await this.#to.read([{ scope: progressScope, key: progressKey }]);
    if (entry === undefined) {
      const { entries } = await this.#to.head();
      if (entries > 0) throw occupied(`it holds ${entries} entries that no copy has brought`);
      await this.#note({ source });
      return { source };
    }
    const note = entry.value.decode() as Note;
    if (note.source !== source) throw occupied(`it is a copy of ${note.source}`);
    return note;
  }

  /** Makes the target what the source is at one moment, and returns that. */
  async #copyAll(): Promise<Position> {
    const { pin, monotonic, onProgress } = this.#options;
    const snapshot = await Snapshot.take(this.#from, { pin, monotonic });
    let done = 0;
    try {
      const target = entriesOf(this.#to, progressScope);
      for await (const { entry, there } of differencesOf(this.#sourceOf(snapshot), target)) {
        if (entry !== undefined) {
          done += 1;
          onProgress('copying', done, snapshot.entries);
        }
        if (entry === undefined) await this.#add(deletion(present(there, 'an entry')));
        else if (there === undefined || !isSame(entry, there)) await this.#add(setting(entry));
      }
      await this.#flush({ source: this.#options.source, at: snapshot.position });
    } finally {
      await snapshot.release();
    }
    return snapshot.position;
  }

  /** Copies what changed since; undefined if the source cannot tell any more. */
  async #follow(start: Position): Promise<Position | undefined> {
    for (let at = start; ;) {
      this.#options.signal.throwIfAborted();
      const page = await this.#from.log(at);
      if (page.kind !== 'commits') return undefined;
      for (const { changes } of page.commits) {
        for (const change of changes) {
          if (change.scope !== progressScope) await this.#add(mutationOf(change));
        }
        this.counts.followed += 1;
      }
      at = page.through;
      if (!this.#batch.isEmpty) await this.#flush({ source: this.#options.source, at });
      const { revision } = page.head;
      const behind = revision - start.revision;
      if (behind > 0) {
        this.#options.onProgress('following', at.revision - start.revision, behind);
      }
      if (at.revision < revision) continue;
      await this.#flush({ source: this.#options.source, at });
      return at;
    }
  }

  async #compare(at: Position): Promise<void> {
    const { pin, monotonic, onProgress } = this.#options;
    const snapshot = await Snapshot.at(this.#from, at, { pin, monotonic });
    let done = 0;
    try {
      const target = entriesOf(this.#to, progressScope);
      for await (const { entry, there } of differencesOf(this.#sourceOf(snapshot), target)) {
        done += 1;
        onProgress('comparing', done, snapshot.entries);
        if (entry !== undefined && there !== undefined && isSame(entry, there)) {
          this.counts.entries += 1;
        } else if (!(await this.#hasDied(entry, there))) {
          throw unlike(present(entry ?? there, 'an entry'), entry, there);
        }
      }
    } finally {
      await snapshot.release();
    }
  }

  async *#sourceOf(snapshot: Snapshot): AsyncGenerator<Entry> {
    let count = 0;
    for await (const entry of snapshot.read()) {
      count += 1;
      if (count % 256 === 0) this.#options.signal.throwIfAborted();
      if (entry.scope !== progressScope) yield entry;
    }
  }

  /** An entry whose time is over on one side is no difference. */
  async #hasDied(entry: Entry | undefined, there: Copied | undefined): Promise<boolean> {
    const ends = [entry?.expiresAt, there?.expiresAt].filter((end) => end !== undefined);
    if (ends.length === 0) return false;
    const [from, to] = await Promise.all([this.#from.head(), this.#to.head()]);
    return ends.every((end) => end <= Math.max(from.time, to.time));
  }

  async #add(mutation: Mutation): Promise<void> {
    const bytes = mutation.kind === 'set' ? sizeOf(mutation.value) : 0;
    if (this.#batch.isFullFor(bytes)) await this.#flush();
    this.#batch.add(mutation, bytes);
  }

  async #flush(note?: Note): Promise<void> {
    if (note !== undefined && this.#batch.isFullFor(noteBytesMax)) await this.#flush();
    const mutations = this.#batch.take();
    if (note !== undefined) mutations.push(noteOf(note));
    if (mutations.length === 0) return;
    const answer = await this.#to.commit({ mutations, durability: 'sync' });
    if (answer.kind !== 'committed') throw occupied('somebody else writes to it');
    for (const [index, { change }] of answer.results.entries()) {
      if (mutations[index]?.scope === progressScope) continue;
      if (change === 'created' || change === 'updated') this.counts.written += 1;
      else if (change === 'deleted') this.counts.deleted += 1;
    }
  }

  async #note(note: Note): Promise<void> {
    await this.#to.commit({ mutations: [noteOf(note)] });
  }
}

function noteOf(note: Note): Mutation {
  const { source, at } = note;
  const value = at === undefined ? { source } : { source, at };
  return { kind: 'set', scope: progressScope, key: progressKey, value };
}

function sizeOf(value: unknown): number {
  const { size } = value as { size?: unknown };
  return typeof size === 'number' ? size : 0;
}

/** The state that a change left; one whose value was erased is left to the entry's next change. */
function mutationOf({ scope, key, value, expiresAt, schema }: Change): Mutation {
  if (value === undefined) return deletion({ scope, key });
  return setting({ scope, key, value, expiresAt, schema });
}

function occupied(why: string): CommandEnd {
  const message = `the target is not this copy's: ${why}. Name another store, or empty the app`;
  return new CommandEnd('conflict', exitCodes.conflict, message);
}

function unlike(
  { scope, key }: Pick<EntryHead, 'scope' | 'key'>,
  entry: Entry | undefined,
  there: Copied | undefined,
): CommandEnd {
  const what =
    entry === undefined ? 'is in the copy alone' : there === undefined ? 'is missing' : 'differs';
  const message = `'${key}' in '${scope}' ${what}: does somebody else write to the copy?`;
  return new CommandEnd('conflict', exitCodes.conflict, message, { scope, key });
}
