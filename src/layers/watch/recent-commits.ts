/**
 * The last commits of a feed, within a few megabytes: watchers that are a little behind share them
 * in place of reading the log one by one.
 */
import { present } from '../../internal/assert.ts';
import type { Commit } from '../../ledger/index.ts';

const commitsMax = 4096;
const bytesMax = 8 * 1024 * 1024;

export class RecentCommits {
  /** Oldest first, all above #from. */
  #commits: Commit[] = [];
  #from = 0;
  #through = 0;
  #bytes = 0;

  /** Forgets everything: what follows `revision` comes next. */
  restart(revision: number): void {
    this.#commits = [];
    this.#bytes = 0;
    this.#from = revision;
    this.#through = revision;
  }

  add(commits: readonly Commit[], through: number): void {
    for (const commit of commits) {
      this.#commits.push(commit);
      this.#bytes += sizeOf(commit);
    }
    this.#through = through;
    // Half at a time, so that dropping costs little per commit.
    if (this.#commits.length <= commitsMax && this.#bytes <= bytesMax) return;
    while (this.#commits.length > commitsMax / 2 || this.#bytes > bytesMax / 2) {
      const half = Math.ceil(this.#commits.length / 2);
      for (const commit of this.#commits.splice(0, half)) {
        this.#bytes -= sizeOf(commit);
        this.#from = commit.position.revision;
      }
    }
  }

  /** The commits above `revision`, if none of them is forgotten. */
  since(revision: number): readonly Commit[] | undefined {
    if (revision < this.#from || revision > this.#through) return undefined;
    let low = 0;
    let high = this.#commits.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const commit = present(this.#commits[middle], 'a commit');
      if (commit.position.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#commits.slice(low);
  }
}

function sizeOf({ changes }: Commit): number {
  let size = 0;
  for (const change of changes) size += change.size + (change.previous?.size ?? 0) + 100;
  return size;
}
