/**
 * Concurrent transactions are as if they had run one after the other, in the order of commits.
 *
 * Each transaction notes what it read and signs its commit. Replaying the log, every note must be
 * what stood there at that commit: keys, missing keys, scans, counts and lists. Two processes work
 * on the same few keys at once, so that most first attempts lose.
 */
import { expect, test } from 'vitest';
import { seededRandom } from '../../src/internal/random.ts';
import type { Random } from '../../src/internal/random.ts';
import { origin } from '../../src/ledger/index.ts';
import type { Commit, Ledger } from '../../src/ledger/index.ts';
import type { Transaction } from '../../src/index.ts';
import { App } from '../../src/store/index.ts';
import { testParts } from '../../src/testing/layer-world.ts';
import type { LayerContractSetup } from '../../src/testing/index.ts';
import { runCount, runSeed } from '../robustness/runs.ts';

const transactions = 40;
const workers = 6;

type Note =
  | { readonly kind: 'get'; readonly key: string; readonly value: number | undefined }
  | { readonly kind: 'scan'; readonly entries: readonly (readonly [string, number])[] }
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'length'; readonly length: number };

class Worker {
  readonly #app: App;
  readonly #random: Random;
  readonly #notes: Map<string, readonly Note[]>;

  constructor(app: App, random: Random, notes: Map<string, readonly Note[]>) {
    this.#app = app;
    this.#random = random;
    this.#notes = notes;
  }

  async transact(id: string): Promise<void> {
    let notes: Note[] = [];
    await this.#app.with({ actor: id }).transact(
      async (tx) => {
        notes = [];
        for (let step = 0; step < 1 + this.#below(3); step += 1) notes.push(await this.#read(tx));
        for (let step = 0; step < 1 + this.#below(2); step += 1) this.#write(tx);
      },
      { attempts: 500 },
    );
    this.#notes.set(id, notes);
  }

  async #read(tx: Transaction): Promise<Note> {
    const scope = tx.scope(this.#app.scope<number>('s'));
    switch (this.#below(6)) {
      case 0: {
        const entries: [string, number][] = [];
        for await (const { key, value } of scope.entries()) entries.push([key, value]);
        return { kind: 'scan', entries };
      }
      case 1:
        return { kind: 'count', count: await scope.count() };
      case 2:
        return { kind: 'length', length: await this.#app.list('l').in(tx).length() };
      default: {
        const key = this.#key();
        return { kind: 'get', key, value: await scope.get(key) };
      }
    }
  }

  #write(tx: Transaction): void {
    const scope = tx.scope(this.#app.scope<number>('s'));
    switch (this.#below(5)) {
      case 0:
        void scope.delete(this.#key());
        return;
      case 1:
        void scope.update(this.#key(), [{ op: 'increment' }]);
        return;
      case 2:
        void this.#app.list<number>('l').in(tx).append(this.#below(100));
        return;
      default:
        void scope.set(this.#key(), this.#below(100));
    }
  }

  #key(): string {
    return `k${this.#below(5)}`;
  }

  #below(limit: number): number {
    return Math.floor(this.#random.float() * limit);
  }
}

/** The note as it would be at this point of the log. */
function noteOn(note: Note, state: ReadonlyMap<string, number>, length: number): Note {
  switch (note.kind) {
    case 'get':
      return { ...note, value: state.get(note.key) };
    case 'scan':
      return { ...note, entries: [...state].sort(([a], [b]) => (a < b ? -1 : 1)) };
    case 'count':
      return { ...note, count: state.size };
    case 'length':
      return { ...note, length };
  }
}

/** Compares what each transaction read with the state before its own commit. */
function replay(commits: readonly Commit[], notes: ReadonlyMap<string, readonly Note[]>): void {
  const state = new Map<string, number>();
  let length = 0;
  for (const { actor = '', changes } of commits) {
    const read = notes.get(actor) ?? [];
    const expected = read.map((note) => noteOn(note, state, length));
    expect({ actor, read }).toEqual({ actor, read: expected });
    for (const { scope, key, kind, value } of changes) {
      if (scope === '$list/l') length += key === 'head' ? 0 : 1;
      else if (kind === 'deleted') state.delete(key);
      else state.set(key, value?.decode() as number);
    }
  }
}

async function commitsOf(ledger: Ledger): Promise<readonly Commit[]> {
  const page = await ledger.log(origin, { limit: 10_000 });
  if (page.kind !== 'commits') throw new Error(page.kind);
  return page.commits;
}

/** Registers the test for one kind of ledger; `runs` unless the searching says how many. */
export function serializableTest(name: string, setup: LayerContractSetup, runs = 8): void {
  test(name, async () => {
    for (let run = 0; run < runCount(runs); run += 1) {
      const opened = await setup.openLedger(testParts());
      const second = (await opened.another?.()) ?? opened.ledger;
      const notes = new Map<string, readonly Note[]>();
      const work = Array.from({ length: workers }, async (_, index) => {
        const app = App.over(index % 2 === 0 ? opened.ledger : second, testParts());
        const worker = new Worker(app, seededRandom(runSeed + run * workers + index), notes);
        for (let n = index; n < transactions; n += workers) await worker.transact(`tx ${n}`);
      });
      await Promise.all(work);
      expect(notes.size).toBe(transactions);
      replay(await commitsOf(opened.ledger), notes);
      await opened.close();
    }
  });
}
