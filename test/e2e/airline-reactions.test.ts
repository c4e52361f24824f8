/** The airline's triggers: killed and started again, they count every change once. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import type { Change } from '../../src/index.ts';
import { ended, start, temporaryFolder } from './command.ts';

test('each user’s summary is what the log says, though the process was killed', async () => {
  const store = `file:${join(await temporaryFolder(), 'store.db')}`;
  const args = ['--store', store];
  expect(await ended(start('examples/airline/main.ts', args))).toMatchObject({ code: 0 });
  const killed = start('examples/airline/react.ts', args);
  await sleep(700);
  killed.kill('SIGKILL');
  await ended(killed);
  const { code, out, error } = await ended(start('examples/airline/react.ts', args));
  expect([code, error]).toEqual([0, '']);
  expect(out).toMatch(/reservations have notices/);

  await using opened = await open(store, { readOnly: true });
  const app = opened.app('airline');
  const expected = new Map<string, { reservations?: number; changes?: number }>();
  const count = ({ kind, value }: Change): void => {
    const user = (value?.decode() as { user_id: string } | undefined)?.user_id ?? 'nobody';
    const name = kind === 'created' ? 'reservations' : 'changes';
    const summary = expected.get(user) ?? {};
    expected.set(user, { ...summary, [name]: (summary[name] ?? 0) + 1 });
  };
  const { oldest } = await app.ledger.head();
  for (let after = oldest; ;) {
    const page = await app.ledger.log(after, { scope: 'reservations' });
    if (page.kind !== 'commits') throw new Error(`the log was ${page.kind}`);
    for (const change of page.commits.flatMap(({ changes }) => changes)) count(change);
    after = page.through;
    if (after.revision >= page.head.revision) break;
  }
  const found = new Map<string, unknown>();
  for await (const { key, value } of app.scope('summaries').entries()) found.set(key, value);
  expect(found).toEqual(expected);
  expect(expected.size).toBeGreaterThan(0);
});
