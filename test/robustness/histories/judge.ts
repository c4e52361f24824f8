/**
 * Judging a recorded history against the log, which is the one order that everything must fit into.
 *
 * J1. What was acknowledged is in the log, at its revision, with the keys that it wrote.
 * J2. Real time: what was answered before another call was asked has the lower revision.
 * J3. Every check of a commit held in the state just before it, in log order.
 * J4. Every conflict names a moment within the call at which a check indeed did not hold.
 * J5. Every read shows one state of the log, no older than what was acknowledged when it was asked,
 *     and none that was proposed only after it was answered.
 */
import type { Commit } from '../../../src/ledger/index.ts';
import type { CommitRecord, ConflictRecord, HistoryRecord, ReadRecord } from './record.ts';

type Versions = ReadonlyMap<string, number>;

export class Judge {
  /** The state after each commit of the log, by its place; the first is the empty one. */
  readonly #states: Versions[] = [new Map()];
  readonly #revisions: number[] = [0];
  readonly #written: readonly ReadonlySet<string>[];
  readonly #places = new Map<number, number>();
  readonly complaints: string[] = [];

  constructor(log: readonly Commit[]) {
    const written: Set<string>[] = [new Set()];
    for (const { position, changes } of log) {
      const state = new Map(this.#states.at(-1));
      for (const { key, kind } of changes) {
        if (kind === 'deleted' || kind === 'expired') state.delete(key);
        else state.set(key, position.revision);
      }
      this.#places.set(position.revision, this.#states.length);
      this.#states.push(state);
      this.#revisions.push(position.revision);
      written.push(new Set(changes.map(({ key }) => key)));
    }
    this.#written = written;
  }

  judge(records: readonly HistoryRecord[]): readonly string[] {
    const commits = records.filter((record) => record.kind === 'commit');
    for (const commit of commits) this.#judgeCommit(commit);
    this.#judgeOrder(commits);
    for (const record of records) {
      if (record.kind === 'read') this.#judgeRead(record, commits);
      if (record.kind === 'conflict') this.#judgeConflict(record, commits);
    }
    return this.complaints;
  }

  #judgeCommit(record: CommitRecord): void {
    const place = this.#places.get(record.revision);
    if (place === undefined) {
      this.#complain('J1: an acknowledged commit is not in the log', record);
      return;
    }
    const written = this.#written[place] ?? new Set();
    if (written.size !== record.wrote.length || !record.wrote.every((key) => written.has(key))) {
      this.#complain('J1: the log says that it wrote other keys', record);
    }
    if (!this.#holds(record, place - 1)) this.#complain('J3: a check did not hold', record);
  }

  #judgeOrder(commits: readonly CommitRecord[]): void {
    const byAnswer = commits.toSorted((a, b) => (BigInt(a.answered) < BigInt(b.answered) ? -1 : 1));
    const byAsking = commits.toSorted((a, b) => (BigInt(a.asked) < BigInt(b.asked) ? -1 : 1));
    let [highest, next] = [0, 0];
    for (const commit of byAsking) {
      for (; next < byAnswer.length; next += 1) {
        const earlier = byAnswer[next];
        if (earlier === undefined || BigInt(earlier.answered) >= BigInt(commit.asked)) break;
        highest = Math.max(highest, earlier.revision);
      }
      if (commit.revision <= highest) this.#complain(`J2: it stands before ${highest}`, commit);
    }
    const revisions = new Set(commits.map(({ revision }) => revision));
    if (revisions.size < commits.length) this.complaints.push('J1: two commits share a revision');
  }

  #judgeRead(record: ReadRecord, commits: readonly CommitRecord[]): void {
    const [first, last] = this.#window(record, commits);
    for (let place = first; place <= last; place += 1) {
      const state = this.#states[place];
      const matches = Object.entries(record.versions).every(
        ([key, version]) => (state?.get(key) ?? 0) === version,
      );
      if (matches) return;
    }
    this.#complain(`J5: no state of the places ${first}..${last} explains the read`, record);
  }

  #judgeConflict(record: ConflictRecord, commits: readonly CommitRecord[]): void {
    const [first, last] = this.#window(record, commits);
    const place = this.#revisions.findLastIndex((revision) => revision <= record.at);
    if (place < first || place > last) this.#complain('J4: judged outside of the call', record);
    if (this.#holds(record, place)) this.#complain('J4: every check held', record);
  }

  /** The places of the log at which the call may have happened. */
  #window(
    { asked, answered }: HistoryRecord,
    commits: readonly CommitRecord[],
  ): readonly [number, number] {
    let [first, last] = [0, this.#states.length - 1];
    for (const commit of commits) {
      const place = this.#places.get(commit.revision) ?? 0;
      if (BigInt(commit.answered) < BigInt(asked)) first = Math.max(first, place);
      if (BigInt(commit.asked) > BigInt(answered)) last = Math.min(last, place - 1);
    }
    return [first, last];
  }

  #holds({ checked, unchangedSince }: CommitRecord | ConflictRecord, place: number): boolean {
    const state = this.#states[place];
    const versionsHold = Object.entries(checked).every(
      ([key, version]) => (state?.get(key) ?? 0) === version,
    );
    const isUnchanged =
      unchangedSince === undefined || (this.#revisions[place] ?? 0) <= unchangedSince;
    return versionsHold && isUnchanged;
  }

  #complain(what: string, record: HistoryRecord): void {
    this.complaints.push(`${what}: ${JSON.stringify(record)}`);
  }
}
