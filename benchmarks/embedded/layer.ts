/** What scopes cost above the ledger that they stand on. */
import { open } from '../../src/index.ts';
import { compare, repeat, together, warmSecondsFor } from '../measure.ts';
import type { Side } from '../measure.ts';
import type { Report } from '../report.ts';
import { pick, valueOf } from '../ledger/fixture.ts';
import { groupOf, groups, keyOf, keysPerGroup } from './contenders/contender.ts';
import { temporaryFolder } from './folder.ts';
import type { Effort } from './index.ts';

const callers = 64;

type Act = () => Promise<unknown>;

export async function measureLayer(report: Report, effort: Effort): Promise<void> {
  using folder = temporaryFolder();
  const store = await open(`file:${folder.path}/layer.db`);
  const { ledger } = store.app('bench');
  const scope = store.app('bench').scope('facts');
  for (let group = 0; group < groups; group += 1) {
    const keys = Array.from({ length: keysPerGroup }, (_, n) => keyOf(groupOf(group), n));
    await scope.setMany(keys.map((key, n) => [key, valueOf(n)] as const));
  }
  const ref = () => ({ scope: 'facts', key: keyOf(groupOf(pick(groups)), pick(keysPerGroup)) });
  const increment = [{ op: 'increment' }] as const;
  const hot = { kind: 'update', scope: 'counters', key: 'hot', operations: increment } as const;
  const counters = store.app('bench').scope('counters');
  const questions: readonly (readonly [string, Act, Act])[] = [
    [
      'set',
      () => scope.set(ref().key, valueOf(pick(1000))),
      () => ledger.commit({ mutations: [{ kind: 'set', ...ref(), value: valueOf(pick(1000)) }] }),
    ],
    [
      'get',
      () => scope.get(ref().key),
      async () => (await ledger.read([ref()]))[0]?.value.decode(),
    ],
    ['counter', () => counters.update('hot', increment), () => ledger.commit({ mutations: [hot] })],
    [
      'list of 100',
      async () => {
        for await (const entry of scope.entries({ prefix: groupOf(pick(groups)) })) void entry;
      },
      async () => {
        const page = await ledger.scan({
          scope: 'facts',
          prefix: groupOf(pick(groups)),
          limit: 500,
        });
        for (const item of page.items) item.value.decode();
      },
    ],
  ];
  for (const [name, layer, bare] of questions) {
    for (const count of [1, callers]) {
      const result = await compare(sideOf(layer, count), sideOf(bare, count), {
        pairs: effort.rounds,
        seconds: effort.seconds,
        warmSeconds: warmSecondsFor(count, effort),
      });
      const who = count === 1 ? 'one caller' : `${count} callers`;
      report.addPair(`scopes against the bare ledger: ${name}, ${who}`, 1 / 1.2, result);
    }
  }
  await store.close();
}

function sideOf(act: Act, count: number): Side {
  return { run: (seconds) => (count === 1 ? repeat(seconds, act) : together(count, seconds, act)) };
}
