/**
 * Many writers at once, through several handles on one store: is what they saw one history?
 *
 * Each run records every call with its start and its end, then looks for the one order that
 * explains all answers (`history/judge.ts`). A failing run is repeated by its seed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { noFaults, openHostileEngine } from '../../src/engine/hostile/index.ts';
import type { HostileFaults } from '../../src/engine/hostile/index.ts';
import type { Engine, EngineOptions } from '../../src/engine/index.ts';
import { openMemoryEngine } from '../../src/engine/memory/index.ts';
import { openSqliteEngine } from '../../src/engine/sqlite/index.ts';
import type { Clock } from '../../src/internal/clock.ts';
import { seededRandom } from '../../src/internal/random.ts';
import type { Commit, Entry, Ledger } from '../../src/ledger/index.ts';
import { openLedgers } from '../../src/ledger/ledgers.ts';
import { loopback, ManualClock } from '../../src/testing/index.ts';
import { judge } from './history/judge.ts';
import { recordHistory, scopes } from './history/record.ts';
import type { RecordedHistory } from './history/record.ts';

const fuzzRuns = process.env['HOLDFAST_FUZZ_RUNS'];
const firstSeed = Number(process.env['HOLDFAST_FUZZ_SEED'] ?? 1);

const faults: HostileFaults = {
  ...noFaults,
  staleReads: 0.3,
  repeatedDecide: 0.3,
  unknownOutcome: 0.1,
  errorAfter: 0.1,
  delay: 0.4,
  lostHints: 0.2,
  doubledHints: 0.2,
};

const folder = mkdtempSync(join(tmpdir(), 'holdfast-history-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let stores = 0;

type Opening = (run: string, options: EngineOptions) => Promise<Engine>;

const engines: Record<string, { runs: number; open: Opening }> = {
  memory: { runs: 30, open: (run, options) => openMemoryEngine(`memory:${run}`, options) },
  hostile: {
    runs: 30,
    open: (run, options) => openHostileEngine(`hostile:${run}`, options, faults),
  },
  sqlite: {
    runs: 10,
    open: (run, options) => openSqliteEngine(`file:${join(folder, `${run}.db`)}`, options),
  },
};

/** Waits that only pace a retry take no time: nobody moves the clock for them. */
function pressing(clock: ManualClock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (delayMs, run) => clock.after(delayMs, run),
    soon: (run) => clock.soon(run),
    sleep: () => new Promise((resolve) => clock.soon(resolve)),
  };
}

interface Run {
  readonly history: RecordedHistory;
  readonly entries: readonly Entry[];
}

async function record(open: Opening, seed: number, view: (ledger: Ledger) => Ledger): Promise<Run> {
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

describe.each(Object.entries(engines))('%s', (_name, { runs, open }) => {
  test.each(views)(
    'what concurrent writers saw is one history, %s',
    { timeout: 3_600_000 },
    async (_way, view) => {
      for (let run = 0; run < Number(fuzzRuns ?? runs); run += 1) {
        const seed = firstSeed + run;
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

/** Ways in which an engine could betray its users, played into a history that is sound. */
const forgeries: readonly (readonly [string, (history: RecordedHistory) => RecordedHistory])[] = [
  [
    'a read of the past',
    (history) => {
      const [first] = history.reads.filter(({ entries }) =>
        entries.every((one) => one === undefined),
      );
      const end = Math.max(...history.commits.map((commit) => commit.end));
      const late = { ...first!, refs: allRefs(history), start: end + 1, end: end + 2 };
      const entries = late.refs.map(() => undefined);
      return { ...history, reads: [...history.reads, { ...late, entries, to: late.from }] };
    },
  ],
  [
    'a commit that the log lost',
    (history) => ({ ...history, log: history.log.slice(0, -1), heard: [] }),
  ],
  [
    'two callers told of one commit',
    (history) => {
      const [own] = history.commits.filter(
        ({ answer }) =>
          answer.kind === 'committed' && answer.results.some(({ version }) => version > 0),
      );
      return { ...history, commits: [...history.commits, own!] };
    },
  ],
  [
    'a conflict without a reason',
    (history) => ({
      ...history,
      commits: history.commits.map((commit) => {
        if (commit.answer.kind !== 'conflict') return commit;
        return { ...commit, answer: { ...commit.answer, failures: [] } };
      }),
    }),
  ],
  [
    'a check that did not hold',
    (history) => ({
      ...history,
      commits: history.commits.map((commit) => {
        const checks = [{ kind: 'version', scope: 'users', key: 'never', version: 7 } as const];
        return { ...commit, proposal: { ...commit.proposal, checks } };
      }),
    }),
  ],
  [
    'a watcher that missed one',
    (history) => ({ ...history, heard: [history.log.toSpliced(3, 1)] }),
  ],
];

function allRefs({ log }: RecordedHistory) {
  return log.flatMap(({ changes }) => changes.map(({ scope, key }) => ({ scope, key })));
}

test.each(forgeries)('the judge finds out %s', async (_what, forge) => {
  const { history, entries } = await record(engines['memory']!.open, 1, (ledger) => ledger);
  judge(history, entries);
  expect(() => judge(forge(history), entries)).toThrow();
});
