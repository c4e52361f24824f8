/**
 * Which positions belong to a ledger's history.
 *
 * Each opening of a store starts a new incarnation with its first commit, and the store keeps where
 * each began. A position (i, r) is of this history exactly if incarnation i is known and ended at r
 * or later. After a backup was copied back, or a failover lost commits, the incarnation that
 * continues begins below what was lost: every position of the lost future is `regressed`, every
 * older one stays good. The idea is that of leader epochs in replicated logs.
 */
import type { Engine, Head, Incarnation } from '../../engine/index.ts';
import { origin } from '../position.ts';
import type { Position } from '../position.ts';

export type Standing = 'held' | 'trimmed' | 'regressed';

export class History {
  readonly #engine: Engine;
  readonly #ledger: string;
  #incarnations: readonly Incarnation[] = [];
  /** The furthest head that a refresh was told of. */
  #reached = 0;

  constructor(engine: Engine, ledger: string) {
    this.#engine = engine;
    this.#ledger = ledger;
  }

  /** `head`, if given, says how far the history reaches at least. */
  async refresh(head?: Head): Promise<void> {
    if (head !== undefined) this.#reached = Math.max(this.#reached, head.revision);
    this.#incarnations = await this.#engine.incarnations(this.#ledger);
  }

  /** Whether the log can be read on from `position`. */
  async standing(position: Position, head: Head): Promise<Standing> {
    if (position.revision > head.revision) return 'regressed';
    if (!this.#isCurrent(head)) await this.refresh();
    // Incarnations are forgotten with the log: below the trim point nobody can tell any more.
    if (position.revision < head.trimmed) return 'trimmed';
    if (this.covers(position)) return 'held';
    // They may be younger than `head`, and the log shorter by now.
    const { head: now } = await this.#engine.read(this.#ledger, []);
    return position.revision < now.trimmed ? 'trimmed' : 'regressed';
  }

  /**
   * Whether a position is of this history, for one who cannot wait: false where it cannot be told
   * without asking the engine. `head` may be some commits old; that makes no position new.
   */
  knows(position: Position, head: Head): boolean {
    if (position.revision === 0) return true;
    if (position.revision > Math.max(head.revision, this.#reached)) return false;
    return this.#isKnown(head) && this.covers(position);
  }

  /** The incarnation that `revision` was committed in, as of the last refresh. */
  incarnationOf(revision: number): string {
    let id = '';
    for (const incarnation of this.#incarnations) {
      if (incarnation.from >= revision) break;
      id = incarnation.id;
    }
    return id;
  }

  /** The position of a revision that the log still reaches back to. */
  async positionAt(revision: number, head: Head): Promise<Position> {
    if (revision === 0) return origin;
    if (!this.#isCurrent(head)) await this.refresh();
    return { incarnation: this.incarnationOf(revision) || head.incarnation, revision };
  }

  #isCurrent(head: Head): boolean {
    return this.#incarnations.at(-1)?.id === head.incarnation;
  }

  #isKnown({ incarnation }: Head): boolean {
    return incarnation === '' || this.#incarnations.some(({ id }) => id === incarnation);
  }

  /** Whether a position is of this history, as of the last refresh. */
  covers({ incarnation, revision }: Position): boolean {
    if (revision === 0) return true;
    const index = this.#incarnations.findIndex((known) => known.id === incarnation);
    const found = this.#incarnations[index];
    if (found === undefined || revision < found.from) return false;
    const next = this.#incarnations[index + 1];
    return next === undefined || revision <= next.from;
  }
}
