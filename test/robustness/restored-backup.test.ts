/** A backup that is copied back: what was seen of the lost future must be told from the new one. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqliteEngine } from '../../src/engine/sqlite/index.ts';
import { systemClock } from '../../src/internal/clock.ts';
import { systemRandom } from '../../src/internal/random.ts';
import { origin } from '../../src/ledger/index.ts';
import type { Ledger, Position } from '../../src/ledger/index.ts';
import { openLedgers } from '../../src/ledger/ledgers.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-backup-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Opens the store, works on it, closes it: an opening of its own. */
async function during<T>(work: (ledger: Ledger) => Promise<T>): Promise<T> {
  const engine = await openSqliteEngine(`file:${join(folder, 'store.db')}`, {
    clock: systemClock,
    random: systemRandom,
    cacheBytes: 0,
    busyTimeoutMs: 1000,
    mustExist: false,
    readOnly: false,
  });
  const ledgers = openLedgers(engine, { sweepMs: 0 });
  try {
    return await work(ledgers.ledger('app'));
  } finally {
    await ledgers.close();
  }
}

async function set(ledger: Ledger, key: string): Promise<Position> {
  const answer = await ledger.commit({ mutations: [{ kind: 'set', scope: 's', key, value: key }] });
  return answer.position;
}

test('positions of the lost future are regressed, those from before it stay good', async () => {
  const store = join(folder, 'store.db');
  const backup = join(folder, 'backup.db');
  const kept = await during((ledger) => set(ledger, 'kept'));
  copyFileSync(store, backup);
  const lost = await during(async (ledger) => {
    await set(ledger, 'lost');
    return set(ledger, 'lost too');
  });
  copyFileSync(backup, store);

  await during(async (ledger) => {
    const ahead = await ledger.log(lost);
    expect(ahead).toEqual({ kind: 'regressed', head: kept });
    // The new future passes the lost revisions: the same numbers now mean other commits.
    for (const key of ['new', 'new too', 'new as well']) await set(ledger, key);
    expect(await ledger.log(lost)).toMatchObject({ kind: 'regressed' });
    await expect(ledger.pin('p', lost, 1000)).rejects.toMatchObject({ code: 'regressed' });
    const page = await ledger.log(kept);
    if (page.kind !== 'commits') throw new Error(page.kind);
    const keys = page.commits.flatMap(({ changes }) => changes.map(({ key }) => key));
    expect(keys).toEqual(['new', 'new too', 'new as well']);
    const unchanged = { kind: 'unchanged', scope: 's', since: lost } as const;
    expect(await ledger.commit({ checks: [unchanged] })).toMatchObject({ kind: 'conflict' });
  });
});

test('a backup of a store that went on in the same opening is told apart too', async () => {
  const store = join(folder, 'store.db');
  const lost = await during(async (ledger) => {
    await set(ledger, 'kept');
    // SQLite's own statement: a consistent copy while the store is open and being written.
    const { DatabaseSync } = await import('node:sqlite');
    const database = new DatabaseSync(store);
    database.exec(`VACUUM INTO '${join(folder, 'backup.db')}'`);
    database.close();
    return set(ledger, 'lost');
  });
  copyFileSync(join(folder, 'backup.db'), store);
  await during(async (ledger) => {
    expect(await ledger.log(lost)).toMatchObject({ kind: 'regressed' });
    await set(ledger, 'new');
    expect(await ledger.log(lost)).toMatchObject({ kind: 'regressed' });
    const all = await ledger.log(origin);
    expect(all).toMatchObject({ kind: 'commits' });
  });
});

test('a watch from a lost position says so instead of going on', async () => {
  const store = join(folder, 'store.db');
  await during((ledger) => set(ledger, 'kept'));
  copyFileSync(store, join(folder, 'backup.db'));
  const lost = await during((ledger) => set(ledger, 'lost'));
  copyFileSync(join(folder, 'backup.db'), store);
  await during(async (ledger) => {
    await set(ledger, 'new');
    const pages: unknown[] = [];
    for await (const page of ledger.watch({ after: lost })) pages.push(page);
    expect(pages).toMatchObject([{ kind: 'regressed' }]);
  });
});
