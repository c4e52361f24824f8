/**
 * P3: what several processes with several writers each saw fits into one order, that of the log, on
 * whatever engine the URL leads to.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { open } from '../../../src/index.ts';
import { origin } from '../../../src/ledger/index.ts';
import type { Commit } from '../../../src/ledger/index.ts';
import { Judge } from './judge.ts';
import { scope } from './record.ts';
import type { HistoryRecord } from './record.ts';
import { runCount, runSeed } from '../runs.ts';

const script = join(import.meta.dirname, 'writer.ts');
const processes = 3;
const writersEach = 4;
const callsEach = 60;

async function record(url: string, seed: number): Promise<HistoryRecord[]> {
  const args = [script, url, String(seed), String(writersEach), String(callsEach)];
  const options = { maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await promisify(execFile)(process.execPath, args, options);
  return JSON.parse(stdout) as HistoryRecord[];
}

/** The whole log, and whether folding it gives the entries that are there. */
async function readBack(url: string): Promise<Commit[]> {
  await using store = await open(url, { mustExist: true, sweepMs: 0 });
  const { ledger } = store.app('history');
  const commits: Commit[] = [];
  for (let after = origin; ;) {
    const page = await ledger.log(after);
    if (page.kind !== 'commits') throw new Error(page.kind);
    commits.push(...page.commits);
    after = page.through;
    if (after.revision >= page.head.revision) break;
  }
  const folded = new Map<string, unknown>();
  for (const { changes } of commits) {
    for (const { key, value } of changes) {
      if (value === undefined) folded.delete(key);
      else folded.set(key, value.decode());
    }
  }
  const { items } = await ledger.scan({ scope });
  expect(new Map(items.map(({ key, value }) => [key, value.decode()]))).toEqual(folded);
  return commits;
}

/** Histories that nobody could have seen: the judge must say so, or its silence means nothing. */
function lies(records: readonly HistoryRecord[]): HistoryRecord[][] {
  const commits = records.filter((record) => record.kind === 'commit');
  const [first, last] = [commits[0]!, commits.at(-1)!];
  const others = records.filter((record) => record !== first && record !== last);
  const { revision } = last;
  const swapped = [
    { ...first, revision },
    { ...last, revision: first.revision },
  ];
  const read = records.find((record) => record.kind === 'read')!;
  const madeUp = { ...read, versions: { a: 999_999 } };
  const unchecked = { ...last, checked: { b: 999_999 } };
  return [
    [...others, ...swapped],
    [...records, madeUp],
    [...others, first, unchecked],
    [...records, { ...last }],
  ];
}

/** `newUrl` leads to a new store, which `remove` takes away again. */
export function processHistories(
  name: string,
  newUrl: () => { readonly url: string; remove(): void },
): void {
  describe(`histories of several processes: ${name}`, () => {
    const seeds = Array.from({ length: runCount(2, 0.05) }, (_, index) => runSeed + index);
    test.each(seeds)('fit into the order of the log, seed %i', async (seed) => {
      const { url, remove } = newUrl();
      try {
        const histories = await Promise.all(
          Array.from({ length: processes }, (_, index) => record(url, seed * processes + index)),
        );
        const records = histories.flat();
        expect(records.length).toBeGreaterThan(processes * writersEach * callsEach);
        const commits = await readBack(url);
        expect(new Judge(commits).judge(records)).toEqual([]);
        for (const lie of lies(records)) expect(new Judge(commits).judge(lie)).not.toEqual([]);
        const conflicts = records.filter(({ kind }) => kind === 'conflict');
        expect(conflicts.length).toBeGreaterThan(0);
      } finally {
        remove();
      }
    });
  });
}
