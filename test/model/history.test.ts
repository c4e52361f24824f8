/** Histories of concurrent writers on the engines that need no server, and proof of the judge. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { noFaults, openHostileEngine } from '../../src/engine/hostile/index.ts';
import type { HostileFaults } from '../../src/engine/hostile/index.ts';
import { openMemoryEngine } from '../../src/engine/memory/index.ts';
import { openSqliteEngine } from '../../src/engine/sqlite/index.ts';
import { historySuite, record } from './history/history-suite.ts';
import type { OpenNamed } from './history/history-suite.ts';
import { judge } from './history/judge.ts';
import type { RecordedHistory } from './history/record.ts';

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

const engines: Record<string, { runs: number; open: OpenNamed }> = {
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

for (const [name, { runs, open }] of Object.entries(engines)) historySuite(name, open, runs);

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
