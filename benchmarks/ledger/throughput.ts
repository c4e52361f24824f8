/** Questions about commits, reads and scans: the ledger beside the same work by hand. */
import { compare, repeat, together, warmSecondsOfOneCaller } from '../measure.ts';
import type { Side } from '../measure.ts';
import type { Report } from '../report.ts';
import { pick, randomKey, valueOf } from './fixture.ts';
import type { Fixture } from './fixture.ts';

const callers = 256;
type Place = () => { readonly scope: string; readonly key: string };

export async function measureThroughput(
  report: Report,
  fixture: Fixture,
  count: number,
): Promise<void> {
  const anywhere: Place = () => ({ scope: 'facts', key: randomKey(pick(count)) });
  const local: Place = () => ({ scope: `session/${pick(200)}`, key: `m${pick(50)}` });
  report.addPair(
    'sequential durable set',
    1 / 1.3,
    await compare(sequentialSets(fixture, anywhere), bareSets(fixture, anywhere, 1), {
      warmSeconds: warmSecondsOfOneCaller,
    }),
  );
  report.addPair(
    `256 concurrent durable sets over ${count.toLocaleString('en')} random keys`,
    0.7,
    await compare(concurrentSets(fixture, anywhere), bareSets(fixture, anywhere, callers)),
  );
  report.addPair(
    '256 concurrent durable sets over 200 local scopes',
    0.7,
    await compare(concurrentSets(fixture, local), bareSets(fixture, local, callers)),
  );
  await hotCounter(report, fixture);
  await reads(report, fixture, count);
  await scans(report, fixture);
}

function sequentialSets({ ledger }: Fixture, place: Place): Side {
  let n = 0;
  return {
    run: (seconds) =>
      repeat(seconds, () => {
        n += 1;
        const set = { kind: 'set', ...place(), value: valueOf(n) } as const;
        return ledger.commit({ mutations: [set] });
      }),
  };
}

/** Each checks the version that it has read, as the hand-written side does. */
function concurrentSets({ ledger }: Fixture, place: Place): Side {
  let n = 0;
  return {
    run: (seconds) =>
      together(callers, seconds, () => {
        n += 1;
        const set = { kind: 'set', ...place(), value: valueOf(n) } as const;
        return ledger.commit({ mutations: [set] });
      }),
  };
}

function bareSets({ bare }: Fixture, place: Place, group: number): Side {
  let n = 0;
  return {
    async run(seconds) {
      const groups = await repeat(seconds, async () => {
        const sets = Array.from({ length: group }, () => {
          n += 1;
          return { ...place(), value: valueOf(n) };
        });
        bare.commit(sets);
      });
      return groups * group;
    },
  };
}

async function hotCounter(report: Report, { ledger }: Fixture): Promise<void> {
  const increment = (): Promise<unknown> =>
    ledger.commit({
      mutations: [
        { kind: 'update', scope: 'counters', key: 'hot', operations: [{ op: 'increment' }] },
      ],
    });
  const hot: Side = { run: (seconds) => together(callers, seconds, increment) };
  const alone: Side = { run: (seconds) => repeat(seconds, increment) };
  const result = await compare(hot, alone);
  report.add({
    question: 'one hot counter, 256 callers, against itself with one caller',
    target: 'at least 20 times',
    met: result.ratio >= 20,
    figures: {
      ratio: result.ratio,
      low: result.low,
      high: result.high,
      'hot/s': result.ours,
      'alone/s': result.limit,
    },
  });
}

async function reads(report: Report, { ledger, bare }: Fixture, count: number): Promise<void> {
  const hotKeys = Array.from({ length: 100 }, (_, n) => randomKey(n));
  function ours(key: () => string): Side {
    return {
      run: (seconds) =>
        repeat(seconds, async () => {
          const [entry] = await ledger.read([{ scope: 'facts', key: key() }]);
          entry?.value.decode();
        }),
    };
  }
  function theirs(key: () => string): Side {
    return {
      run: (seconds) =>
        repeat(seconds, async () => {
          bare.read('facts', key());
        }),
    };
  }
  const cold = (): string => randomKey(pick(count));
  const hot = (): string => hotKeys[pick(hotKeys.length)]!;
  report.addPair(
    'cold read, against select + parse',
    1 / 1.5,
    await compare(ours(cold), theirs(cold)),
  );
  report.addPair('hot read, against select + parse', 1, await compare(ours(hot), theirs(hot)));
}

async function scans(report: Report, { ledger, bare }: Fixture): Promise<void> {
  const query = bare.database.prepare(
    'SELECT key, version, value FROM entry WHERE scope = ? ORDER BY key',
  );
  const most = 100_000;
  const ours: Side = {
    async run() {
      let seen = 0;
      for (let cursor: string | undefined; seen < most;) {
        const page = await ledger.scan({ scope: 'facts', limit: 1000, cursor });
        for (const entry of page.items) entry.value.decode();
        seen += page.items.length;
        cursor = page.cursor;
        if (cursor === undefined) break;
      }
      return seen;
    },
  };
  const theirs: Side = {
    async run() {
      let seen = 0;
      for (const row of query.iterate('facts')) {
        JSON.parse(row['value'] as string);
        seen += 1;
        if (seen === most) break;
      }
      return seen;
    },
  };
  report.addPair(
    'scan of 100,000 entries, against the bare cursor',
    0.5,
    await compare(ours, theirs),
  );
}
