/** Watching: every matching commit once and in order; no writer waits for a watcher. */
import { expect } from 'vitest';
import { origin } from '../../../ledger/index.ts';
import type { Commit, Ledger, LogPage, Position, WatchOptions } from '../../../ledger/index.ts';
import { drop, increment, logOf, nextCommits, runDuties, set, told, write } from '../acts.ts';
import type { LedgerContract } from '../contract.ts';

function watching(app: Ledger, options?: WatchOptions): AsyncIterator<LogPage> {
  return app.watch(options)[Symbol.asyncIterator]();
}

/** Pulls until `count` commits have come. */
async function take(watch: AsyncIterator<LogPage>, count: number): Promise<Commit[]> {
  const commits: Commit[] = [];
  while (commits.length < count) commits.push(...(await nextCommits(watch)));
  return commits;
}

function revisions(commits: readonly Commit[]): number[] {
  return commits.map(({ position }) => position.revision);
}

export function watchContract(contract: LedgerContract): void {
  following(contract);
  ending(contract);
}

function following(contract: LedgerContract): void {
  contract.test('a watch without a position begins now', async (world) => {
    const { app } = await world.start();
    await write(app, set('k', 'before'));
    const watch = watching(app);
    // Now is the moment of the call, not that of the first pull.
    await app.head();
    await app.head();
    await write(app, set('k', 'after'));
    expect(told(await take(watch, 1))).toEqual(['updated k "after" was "before"']);
    await watch.return?.();
  });

  contract.test('a watch from a position gives all since then, then what comes', async (world) => {
    const { app } = await world.start();
    const { position } = await write(app, set('k', 0));
    await write(app, set('k', 1));
    await write(app, set('k', 2));
    const watch = watching(app, { after: position });
    expect(revisions(await take(watch, 2))).toEqual([2, 3]);
    const next = take(watch, 1);
    await write(app, set('k', 3));
    expect(revisions(await next)).toEqual([4]);
    await watch.return?.();
  });

  contract.test('several watchers see the same, each at its own pace', async (world) => {
    const { app } = await world.start();
    const { position } = await app.head();
    const quick = watching(app, { after: position });
    const slow = watching(app, { after: position });
    const seen: Commit[] = [];
    for (let turn = 0; turn < 20; turn += 1) {
      const next = take(quick, 1);
      await write(app, increment('n'));
      seen.push(...(await next));
    }
    expect(revisions(seen)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(await take(slow, 20)).toEqual(seen);
    expect(seen).toEqual(await logOf(app));
    await Promise.all([quick.return?.(), slow.return?.()]);
  });

  contract.test('a watcher that sleeps through thousands of commits misses none', async (world) => {
    const { app } = await world.start();
    const watch = watching(app, { after: origin });
    await Promise.all(Array.from({ length: 10 }, () => write(app, increment('n'))));
    const seen = await take(watch, 10);
    const other = watching(app, { after: seen.at(-1)!.position });
    const following = take(other, 6000);
    for (let turn = 0; turn < 6; turn += 1) {
      await Promise.all(Array.from({ length: 1000 }, () => write(app, increment('n'))));
    }
    seen.push(...(await take(watch, 6000)));
    const expected = Array.from({ length: 6010 }, (_, index) => index + 1);
    expect(revisions(seen)).toEqual(expected);
    expect(revisions(await following)).toEqual(expected.slice(10));
    await Promise.all([watch.return?.(), other.return?.()]);
  });

  contract.test(
    'watchers at once never skip what is committed while one of them reads',
    async (world) => {
      const { app } = await world.start();
      const watches = Array.from({ length: 6 }, () => watching(app, { after: origin }));
      const taking = watches.map((watch) => take(watch, 120));
      for (let turn = 0; turn < 40; turn += 1) {
        const large = set('k', `${turn} ${'x'.repeat(6000)}`);
        await Promise.all([
          write(app, increment('n')),
          write(app, large),
          write(app, increment('n')),
        ]);
      }
      const expected = Array.from({ length: 120 }, (_, index) => index + 1);
      for (const commits of await Promise.all(taking)) expect(revisions(commits)).toEqual(expected);
      for (const watch of watches) await watch.return?.();
    },
  );

  contract.test(
    'a filter gives what matches, from the log and from memory alike',
    async (world) => {
      const { app } = await world.start();
      const filters: readonly (readonly [WatchOptions, readonly string[]])[] = [
        [{ scope: 's' }, ['created a', 'created ab', 'deleted a']],
        [{ scope: 's', key: 'a' }, ['created a', 'deleted a']],
        [{ scope: 's', prefix: 'ab' }, ['created ab']],
        [{ scope: 's\nt' }, ['created a']],
        [{}, ['created a', 'created ab', 'created a', 'created a', 'deleted a']],
      ];
      const live = filters.map(([filter, expected]) => {
        const watch = watching(app, { ...filter, after: origin, keysOnly: true });
        return { expected, watch, commits: takeChanges(watch, expected.length) };
      });
      await write(app, set('a', 1), set('ab', 1));
      await write(app, set('a', 1, { scope: 't' }));
      await write(app, set('a', 1, { scope: 's\nt' }));
      await write(app, drop('a'));
      for (const { expected, watch, commits } of live) {
        expect(told(await commits)).toEqual(expected);
        await watch.return?.();
      }
      for (const [filter, expected] of filters) {
        const watch = watching(app, { ...filter, after: origin, keysOnly: true });
        expect(told(await takeChanges(watch, expected.length))).toEqual(expected);
        await watch.return?.();
      }
    },
  );

  contract.test('large values come with a watch', async (world) => {
    const { app } = await world.start();
    const watch = watching(app, { after: origin });
    const value = { text: 'x'.repeat(9000), n: 0 };
    const next = take(watch, 2);
    await write(app, set('k', value));
    const operations = [{ op: 'increment', path: ['n'] }];
    await write(app, { kind: 'update', scope: 's', key: 'k', operations } as never);
    const [, second] = await next;
    expect(second!.changes[0]!.value!.decode()).toEqual({ ...value, n: 1 });
    expect(second!.changes[0]!.previous!.value!.decode()).toEqual(value);
    await watch.return?.();
  });

  contract.test(
    'commits of another handle wake a watcher, at the latest within a second',
    async (world) => {
      const opened = await world.start();
      const other = await world.reopen(opened);
      const watch = watching(opened.app, { after: origin });
      const seen: Commit[] = [];
      const next = take(watch, 1).then((commits) => seen.push(...commits));
      await write(other.ledger('app'), set('k', 1));
      for (let turn = 0; turn < 40 && seen.length === 0; turn += 1) await opened.clock.pass(1000);
      await next;
      expect(told(seen)).toEqual(['created k 1']);
      await watch.return?.();
    },
  );

  contract.test('a watch resumes over reopenings without gap or duplicate', async (world) => {
    let opened = await world.open();
    const seen: Commit[] = [];
    let after: Position = origin;
    for (let turn = 0; turn < 6; turn += 1) {
      const app = opened.ledger('app');
      for (let n = 0; n < 5; n += 1) await write(app, increment('n'));
      const watch = watching(app, { after });
      const count = 1 + (turn % 3) * 2;
      for (const commit of (await take(watch, count)).slice(0, count)) {
        seen.push(commit);
        after = commit.position;
      }
      await watch.return?.();
      const next = await world.reopen(opened);
      await opened.ledgers.close();
      opened = next;
    }
    const watch = watching(opened.ledger('app'), { after });
    seen.push(...(await take(watch, 30 - seen.length)));
    await watch.return?.();
    expect(revisions(seen)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
  });
}

/** Pulls until `count` changes have come. */
async function takeChanges(watch: AsyncIterator<LogPage>, count: number): Promise<Commit[]> {
  const commits: Commit[] = [];
  while (told(commits).length < count) commits.push(...(await nextCommits(watch)));
  return commits;
}

function ending(contract: LedgerContract): void {
  contract.test('an abort ends a watch that waits', async (world) => {
    const { app } = await world.start();
    await write(app, set('k', 1));
    const aborter = new AbortController();
    const watch = watching(app, { signal: aborter.signal });
    const waiting = watch.next();
    await app.head();
    await app.head();
    aborter.abort();
    expect((await waiting).done).toBe(true);
  });

  contract.test('an abort at any moment ends a watch', async (world) => {
    const { app } = await world.start();
    await write(app, set('k', 1));
    for (let turns = 0; turns < 12; turns += 1) {
      const aborter = new AbortController();
      const waiting = watching(app, { signal: aborter.signal }).next();
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      aborter.abort();
      expect((await waiting).done).toBe(true);
    }
    const done = await watching(app, { after: origin, signal: AbortSignal.abort() }).next();
    expect(done.done).toBe(true);
  });

  contract.test('a return ends a watch that waits', async (world) => {
    const { app } = await world.start();
    const { position } = await write(app, set('k', 1));
    const watch = watching(app, { after: position });
    const waiting = watch.next();
    await app.head();
    await app.head();
    await watch.return?.();
    expect((await waiting).done).toBe(true);
    expect((await watch.next()).done).toBe(true);
  });

  contract.test('a consumer that stops ends its watch and no other', async (world) => {
    const { app } = await world.start();
    const other = watching(app, { after: origin });
    await write(app, set('k', 1));
    for await (const page of app.watch({ after: origin })) {
      expect(page.kind).toBe('commits');
      break;
    }
    await take(other, 1);
    await write(app, set('k', 2));
    expect(told(await take(other, 1))).toEqual(['updated k 2 was 1']);
    await other.return?.();
  });

  contract.test('a watcher that fell behind the log is told, and its watch ends', async (world) => {
    const opened = await world.start({ retention: { ms: 10 } });
    const { app, clock } = opened;
    await write(app, set('k', 1));
    const watch = watching(app, { after: origin });
    clock.advance(11);
    await runDuties(opened);
    expect((await watch.next()).value).toMatchObject({ kind: 'trimmed' });
    expect((await watch.next()).done).toBe(true);
  });

  contract.test('a watcher that never pulls costs a writer nothing', async (world) => {
    const { app } = await world.start();
    const stuck = Array.from({ length: 50 }, () => watching(app, { after: origin }));
    const first = stuck[0]!.next();
    await Promise.all(Array.from({ length: 500 }, () => write(app, increment('n'))));
    await first;
    for (const watch of stuck) await watch.return?.();
  });
}
