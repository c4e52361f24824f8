/** The client on every runtime that is on this machine: it works, and a watch misses nothing. */
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { seededRandom } from '../../../src/internal/random.ts';
import { openProxy } from '../proxy.ts';
import { World } from '../security/world.ts';
import type { Report } from './program.ts';
import { bundledProgram, runtimes } from './runtime.ts';

const patience = { timeout: 50_000 };
let code: string;
beforeAll(async () => {
  code = await bundledProgram();
});

describe('holdfast/client', () => {
  test.for(runtimes)('on $name works, and resumes what it watches', async (runtime, { skip }) => {
    // The closing lines of the run tell what was not shown.
    if (runtime.command === undefined) {
      return skip(`THERE IS NO ${runtime.name} HERE: the client was not tried on it`);
    }
    const run = await runtime.prepare(code);
    onTestFinished(() => run.close());
    const world = await World.open({ origins: run.origin === undefined ? [] : [run.origin] });
    const token = await world.token(['mine=read,write,watch']);
    const proxy = await openProxy(world.server.url, seededRandom(1), {
      cut: 0,
      delay: 0,
      duplicate: 0,
    });
    onTestFinished(() => proxy.close());
    const reports: Report[] = [];
    run.start(proxy.url, token, (report) => void reports.push(report));
    await expect.poll(() => reports.length, patience).toBe(1);
    expect(reports[0]).toEqual({
      step: 'ready',
      got: { n: 3 },
      raw: [0, 255, 7],
      refused: 'forbidden',
    });
    const users = world.local.app('mine').scope('users');
    for (let round = 0; round < 5; round += 1) {
      proxy.cutAll();
      for (const key of ['a', 'b']) await users.set(`${key}${round}`, { n: round });
    }
    await users.set('end', { n: 0 });
    await expect.poll(() => reports.length, patience).toBe(2);
    const rounds = [0, 1, 2, 3, 4].flatMap((round) => [`a${round}`, `b${round}`]);
    expect(reports[1]).toMatchObject({ step: 'done', seen: [...rounds, 'end'] });
    expect(reports[1]?.['connections']).toBeGreaterThan(1);
  });
});
