/**
 * Many writers at once, through several handles on one store: is what they saw one history?
 *
 * Each run records every call with its start and its end, then looks for the one order that
 * explains all answers (`judge.ts`). A failing run is repeated by its seed.
 */
import { describe, test } from 'vitest';
import type { Engine, EngineOptions } from '../../../src/engine/index.ts';
import { seededRandom } from '../../../src/internal/random.ts';
import type { Commit, Entry, Ledger } from '../../../src/ledger/index.ts';
import { openLedgers } from '../../../src/ledger/ledgers.ts';
import { loopback, ManualClock, pressing } from '../../../src/testing/index.ts';
import { runCount, runSeed } from '../../robustness/runs.ts';
import { judge } from './judge.ts';
import { recordHistory, scopes } from './record.ts';
import type { RecordedHistory } from './record.ts';

let stores = 0;

/** Opens the engine of the store of that name. */
export type OpenNamed = (store: string, options: EngineOptions) => Promise<Engine>;

interface Run {
  readonly history: RecordedHistory;
  readonly entries: readonly Entry[];
}

export async function record(
  open: OpenNamed,
  seed: number,
  view: (ledger: Ledger) => Ledger,
): Promise<Run> {
  const random = seededRandom(seed);
  const clock = new ManualClock();
  const paced = pressing(clock);
  const shared = { cacheBytes: 100_000, busyTimeoutMs: 5000, mustExist: false, readOnly: false };
  stores += 1;
  const name = `history-${stores}`;
  const openOne = async () => {
    const engine = await open(name, { clock: paced, random, ...shared });
    return openLedgers(engine, { clock: paced, random, sweepMs: 0 });
  };
  const opened = [await openOne(), await openOne()];
  try {
    const handles = opened.map((store) => view(store.ledger('app')));
    const history = await recordHistory({ writers: 10, turns: 25, handles, clock, random });
    return { history, entries: await allEntries(handles[1]!, history.log) };
  } finally {
    for (const store of opened) await store.close();
  }
}

/** The state with its dead, as the log tells it: what is dead is read from the log's own end. */
async function allEntries(ledger: Ledger, log: readonly Commit[]): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const scope of scopes) entries.push(...(await ledger.scan({ scope })).items);
  const { time } = await ledger.head();
  const known = new Set(entries.map(({ scope, key }) => `${scope}/${key}`));
  const last = new Map<string, Entry>();
  for (const { changes, position } of log) {
    for (const { scope, key, value, expiresAt } of changes) {
      const address = `${scope}/${key}`;
      if (value === undefined) last.delete(address);
      else last.set(address, { scope, key, value, expiresAt, version: position.revision } as Entry);
    }
  }
  for (const [address, entry] of last) {
    if (!known.has(address) && (entry.expiresAt ?? Infinity) <= time) entries.push(entry);
  }
  return entries;
}

const views: readonly (readonly [string, (ledger: Ledger) => Ledger])[] = [
  ['directly', (ledger) => ledger],
  ['through the wire', loopback],
];

/** Registers the suite for one engine; `runs` unless the searching says how many. */
export function historySuite(name: string, open: OpenNamed, runs: number): void {
  describe(name, () => {
    test.each(views)(
      'what concurrent writers saw is one history, %s',
      { timeout: 3_600_000 },
      async (_way, view) => {
        for (let run = 0; run < runCount(runs); run += 1) {
          const seed = runSeed + run;
          try {
            const { history, entries } = await record(open, seed, view);
            judge(history, entries);
          } catch (cause) {
            throw new Error(`seed ${seed} has no explanation`, { cause });
          }
        }
      },
    );
  });
}
