import { expect, test, vi } from 'vitest';
import { openMemoryEngine } from '../../engine/memory/index.ts';
import { systemRandom } from '../../internal/random.ts';
import { ManualClock } from '../../testing/index.ts';
import type { GroupWork } from '../group/group-work.ts';
import { tuning } from '../group/tuning.ts';
import { openLedgers } from '../ledgers.ts';
import type { Ledger } from '../ledger.ts';

async function store() {
  const clock = new ManualClock();
  const engine = await openMemoryEngine('memory:', {
    clock,
    random: systemRandom,
    cacheBytes: 0,
    busyTimeoutMs: 1000,
    mustExist: false,
    readOnly: false,
  });
  return { clock, ledgers: openLedgers(engine, { clock, sweepMs: 0 }), engine };
}

function write(ledger: Ledger, key: string): Promise<unknown> {
  return ledger.commit({ mutations: [{ kind: 'set', scope: 's', key, value: 1 }] });
}

test('a ledger has short turns while another is about, long ones while it is alone', async () => {
  const { clock, ledgers, engine } = await store();
  const transact = vi.spyOn(engine, 'transact');
  const [loud, quiet] = [ledgers.ledger('loud'), ledgers.ledger('quiet')];
  const largestGroup = async (): Promise<number> => {
    transact.mockClear();
    await Promise.all(Array.from({ length: 300 }, (_, n) => write(loud, `k${n}`)));
    const groups = transact.mock.calls.flatMap(([works]) => works as readonly GroupWork[]);
    return Math.max(...groups.map(({ taken }) => taken.length));
  };
  expect(await largestGroup()).toBe(300);
  await write(quiet, 'k');
  expect(await largestGroup()).toBe(tuning.groupShareOfStore);
  clock.advance(1000);
  expect(await largestGroup()).toBe(300);
  await ledgers.close();
});
