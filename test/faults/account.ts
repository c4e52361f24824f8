/**
 * Keeps account of what writers were told while things broke, and holds the log against it.
 *
 * B1. What was acknowledged is in the log once, at its revision.
 * B2. What was said not to be applied is not in the log.
 * B3. What was left unknown is in the log once or not at all.
 * B4. No revision is given twice, the log has no gap and no time that goes back, and folding it
 *     gives the state: nothing is there by half.
 */
import { expect } from 'vitest';
import { isHoldfastError } from '../../src/index.ts';
import { origin } from '../../src/ledger/index.ts';
import type { Commit, Ledger } from '../../src/ledger/index.ts';

export const scope = 'account';

export interface Acknowledged {
  readonly incarnation: string;
  readonly revision: number;
}

export class Account {
  readonly acknowledged = new Map<string, Acknowledged>();
  readonly refused = new Map<string, string>();
  readonly unknown = new Set<string>();
  readonly #name: string;
  #count = 0;

  /** `name` tells the accounts of one log apart. */
  constructor(name = '') {
    this.#name = name;
  }

  /** Adds one to a counter of all, and to one of the writer's own; both or none. */
  async write(ledger: Ledger, writer: string): Promise<void> {
    this.#count += 1;
    const actor = `${this.#name}${writer}:${this.#count}`;
    const operations = [{ op: 'increment' }] as const;
    try {
      const answer = await ledger.commit({
        actor,
        mutations: ['all', writer].map((key) => ({ kind: 'update', scope, key, operations })),
      });
      if (answer.kind !== 'committed') throw new Error(answer.kind);
      this.acknowledged.set(actor, answer.position);
    } catch (error) {
      if (!isHoldfastError(error)) throw error;
      if (error.outcome === 'unknown') this.unknown.add(actor);
      else this.refused.set(actor, error.code);
    }
  }

  /** Notes a line of `writer.ts`. */
  hear(line: string): void {
    const { actor, code, outcome, ...position } = JSON.parse(line) as Acknowledged & {
      readonly actor: string;
      readonly code?: string;
      readonly outcome?: string;
    };
    if (code === undefined) this.acknowledged.set(actor, position);
    else if (outcome === 'unknown') this.unknown.add(actor);
    else this.refused.set(actor, code);
  }

  /** The codes of the failures, each once. */
  get codes(): string[] {
    return [...new Set(this.refused.values())].sort();
  }

  async verify(ledger: Ledger): Promise<void> {
    const { commits, state } = await momentOf(ledger);
    const byActor = commitsByActor(commits);
    for (const [actor, { revision, incarnation }] of this.acknowledged) {
      expect({ actor, ...byActor.get(actor)?.position }).toEqual({ actor, revision, incarnation });
    }
    expect([...this.refused.keys()].filter((actor) => byActor.has(actor))).toEqual([]);
    verifyFold(commits, state);
  }

  /**
   * The same of a server that may have lost the end of its history. What is lost is `regressed` for
   * each of `readers`, what is not is there, and a commit is never elsewhere than it was said to
   * be. Returns how many of the acknowledged are lost.
   */
  async verifyLosses(ledger: Ledger, readers: readonly Ledger[]): Promise<number> {
    const { commits, state } = await momentOf(ledger);
    const byActor = commitsByActor(commits);
    let lost = 0;
    for (const [actor, position] of this.acknowledged) {
      const found = byActor.get(actor)?.position;
      const isLost = found === undefined;
      if (isLost) lost += 1;
      else expect({ actor, ...found }).toEqual({ actor, ...position });
      for (const reader of readers) {
        const { kind } = await reader.log(position, { limit: 1 });
        expect({ actor, kind }).toEqual({ actor, kind: isLost ? 'regressed' : 'commits' });
      }
    }
    expect([...this.refused.keys()].filter((actor) => byActor.has(actor))).toEqual([]);
    verifyFold(commits, state);
    return lost;
  }
}

function commitsByActor(commits: readonly Commit[]): Map<string, Commit> {
  const byActor = new Map<string, Commit>();
  for (const commit of commits) {
    const { actor = '' } = commit;
    expect(byActor.has(actor), `two commits of ${actor}`).toBe(false);
    byActor.set(actor, commit);
  }
  return byActor;
}

export async function logOf(ledger: Ledger): Promise<Commit[]> {
  const commits: Commit[] = [];
  for (let after = origin; ;) {
    const page = await ledger.log(after);
    if (page.kind !== 'commits') throw new Error(page.kind);
    commits.push(...page.commits);
    after = page.through;
    if (after.revision >= page.head.revision) return commits;
  }
}

/**
 * The log and the state as of one head: what a killed process has sent may still be on its way.
 */
async function momentOf(
  ledger: Ledger,
): Promise<{ commits: Commit[]; state: ReadonlyMap<string, unknown> }> {
  for (;;) {
    const commits = await logOf(ledger);
    const { items } = await ledger.scan({ scope, limit: 1000 });
    const { revision } = (await ledger.head()).position;
    if (revision !== (commits.at(-1)?.position.revision ?? 0)) continue;
    return { commits, state: new Map(items.map(({ key, value }) => [key, value.decode()])) };
  }
}

function verifyFold(commits: readonly Commit[], found: ReadonlyMap<string, unknown>): void {
  const state = new Map<string, unknown>();
  let [revision, time] = [0, 0];
  for (const commit of commits) {
    expect(commit.position.revision).toBe(revision + 1);
    expect(commit.time).toBeGreaterThanOrEqual(time);
    ({ time } = commit);
    ({ revision } = commit.position);
    for (const { key, value } of commit.changes) state.set(key, value?.decode());
  }
  expect(found).toEqual(state);
  const { all = 0, ...own } = Object.fromEntries(state) as Record<string, number>;
  expect(Object.values(own).reduce((sum, count) => sum + count, 0)).toBe(all);
  expect(all).toBe(commits.length);
}
