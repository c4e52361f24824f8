/**
 * The state that a log folds to, and what is wrong with the log on the way.
 *
 * F1. Every change starts from what the changes before it left: `previous` tells no other story.
 * F2. Revisions rise and times never fall. (Upkeep, and the stamp of a proposal that changed
 *     nothing, take revisions that the log does not show.)
 * F3. An entry ends at its expiry by one `expired` commit of its own; nothing else touches the
 *     dead.
 *
 * A log that was trimmed starts in the middle: an entry is taken on trust where it is first met.
 */
import type { Change, Commit, PreviousEntry, StoredValue } from '../../../src/ledger/index.ts';
import { addressOf } from './history.ts';
import type { Problems } from './problems.ts';

export type Held = Omit<PreviousEntry, 'value'> & { readonly value: StoredValue };

export interface FoldOptions {
  readonly name: string;
  /** The log starts behind this revision; 0 is the beginning of history. */
  readonly trimmed: number;
}

export class Fold {
  readonly state = new Map<string, Held>();
  readonly #options: FoldOptions;
  readonly #problems: Problems;
  readonly #met = new Set<string>();
  #revision: number;
  #time = 0;

  constructor(options: FoldOptions, problems: Problems) {
    this.#options = options;
    this.#problems = problems;
    this.#revision = options.trimmed;
  }

  /** Whether the fold cannot say what an entry was before its first change in the log. */
  isUnknown(address: string): boolean {
    return this.#options.trimmed > 0 && !this.#met.has(address);
  }

  apply(commit: Commit): void {
    const { revision } = commit.position;
    this.#demand(revision > this.#revision, `revision ${revision} follows ${this.#revision}`);
    this.#demand(commit.time >= this.#time, `time runs backwards at revision ${revision}`);
    this.#revision = revision;
    this.#time = commit.time;
    const expires = commit.changes.some((change) => change.kind === 'expired');
    this.#demand(
      commit.changes.length > 0 && (!expires || commit.changes.length === 1),
      `revision ${revision} has ${commit.changes.length} changes, an expiry among them: ${expires}`,
    );
    for (const change of commit.changes) this.#change(commit, change);
  }

  #change(commit: Commit, change: Change): void {
    const address = addressOf(change);
    const where = `${address} at revision ${commit.position.revision}`;
    const { previous, kind } = change;
    if (this.isUnknown(address)) {
      const old = previous === undefined || previous.version <= this.#options.trimmed;
      this.#demand(old, `${where}: its previous version is not in the log`);
    } else {
      const held = this.state.get(address);
      this.#demand(sameEntry(held, previous), `${where}: previous is not what was there before`);
    }
    this.#met.add(address);
    this.#demand((kind === 'created') === (previous === undefined), `${where}: ${kind}, wrongly`);
    const dead = previous?.expiresAt !== undefined && previous.expiresAt <= commit.time;
    this.#demand((kind === 'expired') === dead, `${where}: ${kind}, though dead is ${dead}`);
    const ends = kind === 'deleted' || kind === 'expired';
    this.#demand(ends === (change.value === undefined), `${where}: ${kind} with or without value`);
    if (change.value === undefined) {
      this.state.delete(address);
      return;
    }
    const { createdAt, expiresAt, schema, size, value } = change;
    const version = commit.position.revision;
    const updatedAt = commit.time;
    this.state.set(address, { version, createdAt, updatedAt, expiresAt, schema, size, value });
  }

  #demand(condition: boolean, problem: string): void {
    if (!condition) this.#problems.add(`${this.#options.name}: ${problem}`);
  }
}

/** Whether two descriptions of an entry say the same, its value included. */
export function sameEntry(a: PreviousEntry | undefined, b: PreviousEntry | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.value === undefined || b.value === undefined) return false;
  return (
    a.version === b.version &&
    a.createdAt === b.createdAt &&
    a.updatedAt === b.updatedAt &&
    a.expiresAt === b.expiresAt &&
    a.schema === b.schema &&
    a.size === b.size &&
    a.value.equals(b.value)
  );
}
