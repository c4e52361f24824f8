/**
 * Several processes on one store file, each writing as fast as it can: none loses an update, none
 * starves, each hears of the others.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/index.ts';
import { openSqliteEngine } from '../../src/engine/sqlite/index.ts';
import { deferred } from '../../src/internal/deferred.ts';
import { systemClock } from '../../src/internal/clock.ts';
import { systemRandom } from '../../src/internal/random.ts';
import type { HammerReport } from './processes/hammer.ts';

const script = join(import.meta.dirname, 'processes', 'hammer.ts');
const names = ['one', 'two', 'three'];
const writingMs = 2500;
/** How many groups the slowest process must get through for each of the fastest. */
const fairness = 0.25;
/** A store of this size keeps 1 MiB; a WAL that never begins anew grows by several each second. */
const walBytesMax = 4_194_304;

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-processes-'));
  path = join(folder, 'new', 'store.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Starts all processes and lets them begin at the same moment. */
async function hammerTogether(): Promise<HammerReport[]> {
  const children = names.map((name) => {
    const child = fork(script, [path, name, String(writingMs)], { stdio: 'inherit' });
    const ready = deferred<void>();
    const report = deferred<HammerReport>();
    const closed = deferred<void>();
    child.on('message', (message: 'ready' | HammerReport) => {
      if (message === 'ready') ready.resolve();
      else report.resolve(message);
    });
    child.once('exit', (code) => {
      report.reject(new Error(`${name} ended with ${code}`));
      closed.resolve();
    });
    return { child, ready: ready.promise, report: report.promise, closed: closed.promise };
  });
  await Promise.all(children.map(({ ready }) => ready));
  for (const { child } of children) child.send('start');
  const reports = await Promise.all(children.map(({ report }) => report));
  await Promise.all(children.map(({ closed }) => closed));
  return reports;
}

async function allLasts(engine: Engine): Promise<number[]> {
  const lasts: number[] = [];
  for (let after = 0; ;) {
    const { rows, through, head } = await engine.log('shared', { after, limit: 1000 });
    lasts.push(...rows.map(({ last }) => last));
    if (through >= head.revision) return lasts;
    after = through;
  }
}

test('three processes on one file lose nothing, all get on, and its WAL stays short', async () => {
  const reports = await hammerTogether();
  const groups = reports.map((report) => report.groups);
  const sum = groups.reduce((total, count) => total + count, 0);
  const engine = await openSqliteEngine(`file:${path}`, {
    clock: systemClock,
    random: systemRandom,
    cacheBytes: 0,
    busyTimeoutMs: 1000,
    mustExist: true,
    readOnly: false,
  });
  const { entries, head } = await engine.read('shared', [{ scope: 's', key: 'counter' }]);
  expect([entries[0]?.content, head.revision]).toEqual([`${sum}`, sum]);
  const counted = Array.from({ length: sum }, (_, index) => index + 1);
  const given = reports.flatMap(({ revisions }) => revisions).sort((a, b) => a - b);
  expect(given).toEqual(counted);
  expect(await allLasts(engine)).toEqual(counted);
  const { entries: stored } = await engine.scan('shared', {
    scope: 's',
    reverse: false,
    limit: 10_000,
    keysOnly: true,
  });
  expect(head.entries).toBe(stored.length);
  expect(await engine.integrityCheck()).toEqual([]);
  await engine.close();
  for (const { heard } of reports) {
    expect(heard).toEqual(expect.arrayContaining(names.map((name) => `of-${name}`)));
  }
  for (const { walBytes } of reports) expect(walBytes).toBeLessThan(walBytesMax);
  expect({ groups, ratio: Math.min(...groups) / Math.max(...groups) }).toSatisfy(
    ({ ratio }: { ratio: number }) => ratio >= fairness,
  );
});
