/** The airline's triggers: killed and started again, they count every change once. */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import type { App, Change } from '../../src/index.ts';
import { ended, start, temporaryFolder } from './command.ts';

interface Reservation {
  readonly user_id: string;
  readonly status?: string | null;
}

async function changesOf(app: App): Promise<Change[]> {
  const found: Change[] = [];
  const { oldest } = await app.ledger.head();
  for (let after = oldest; ;) {
    const page = await app.ledger.log(after, { scope: 'reservations' });
    if (page.kind !== 'commits') throw new Error(`the log was ${page.kind}`);
    for (const { changes } of page.commits) found.push(...changes);
    after = page.through;
    if (after.revision >= page.head.revision) return found;
  }
}

function reservationOf({ value }: Change): Reservation | undefined {
  return value?.decode() as Reservation | undefined;
}

test('summaries and notices are what the log says, though the process was killed', async () => {
  const folder = await temporaryFolder();
  const store = `file:${join(folder, 'store.db')}`;
  const args = ['--store', store];
  expect(await ended(start('examples/airline/main.ts', args))).toMatchObject({ code: 0 });
  await copyFile(join(folder, 'store.db'), join(folder, 'untouched.db'));
  const killed = start('examples/airline/react.ts', args);
  await sleep(700);
  killed.kill('SIGKILL');
  await ended(killed);
  const { code, out, error } = await ended(start('examples/airline/react.ts', args));
  expect([code, error]).toEqual([0, '']);
  expect(out).toMatch(/reservations have notices/);

  await using opened = await open(store, { readOnly: true });
  const app = opened.app('airline');
  const summaries = new Map<string, { reservations?: number; changes?: number }>();
  const notices = new Map<string, unknown[]>();
  const changes = await changesOf(app);
  for (const change of changes) {
    const user = reservationOf(change)?.user_id ?? 'nobody';
    const name = change.kind === 'created' ? 'reservations' : 'changes';
    const summary = summaries.get(user) ?? {};
    summaries.set(user, { ...summary, [name]: (summary[name] ?? 0) + 1 });
    const what = change.kind === 'created' ? 'booked' : 'changed';
    notices.set(change.key, [...(notices.get(change.key) ?? []), { what, user }]);
  }
  const found = new Map<string, unknown>();
  for await (const { key, value } of app.scope('summaries').entries()) found.set(key, value);
  expect(found).toEqual(summaries);
  expect(summaries.size).toBeGreaterThan(0);
  for (const [key, expected] of notices) {
    const told: unknown[] = [];
    for await (const notice of app.list(`notices/${key}`)) told.push(notice);
    expect(told).toEqual(expected);
  }

  const untouched = ['--store', `file:${join(folder, 'untouched.db')}`];
  const whole = await ended(start('examples/airline/react.ts', untouched));
  const cancelled = changes.filter((change) => reservationOf(change)?.status === 'cancelled');
  expect(cancelled.length).toBeGreaterThan(0);
  expect(whole.out).toContain(`${cancelled.length} cancellations were told by webhook`);
});
