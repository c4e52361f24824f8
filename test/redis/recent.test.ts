/** What a process remembers of its last commit is used while it holds, and never longer. */
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import type { Engine, View, Work } from '../../src/engine/index.ts';
import { ManualClock, pressing } from '../../src/testing/index.ts';
import {
  commit,
  contentAt,
  put,
  remove,
  run,
  upkeep,
  workOf,
} from '../../src/testing/engine-contract/writing.ts';
import { RedisServer } from '../servers/redis.ts';
import { withServer } from '../servers/provided.ts';
import { openEngine } from './stores.ts';

withServer(inject('redis'), 'what the last commit left', () => {
  const clock = new ManualClock(1_000_000);
  let redis: RedisServer;
  let one: Engine;
  let two: Engine;

  beforeEach(async () => {
    redis = await RedisServer.start();
    const options = { clock: pressing(clock) };
    [one, two] = [await openEngine(redis.url(), options), await openEngine(redis.url(), options)];
  });

  afterEach(async () => {
    await one.close();
    await two.close();
    await redis[Symbol.asyncDispose]();
  });

  /** Scripts that the server has run. */
  async function scripts(): Promise<number> {
    const stats = String(await redis.command('INFO', 'commandstats'));
    return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  }

  /** Raises a counter; returns the view that was decided upon last. */
  async function raise(engine: Engine, key = 'n'): Promise<View> {
    let last: View | undefined;
    const work: Work = {
      ledger: 'app',
      reads: { refs: [{ scope: 's', key }], scopes: [] },
      decide(view) {
        last = view;
        const [entry] = view.entries;
        const isDead = entry?.expiresAt !== undefined && entry.expiresAt <= view.time;
        const content = `${(isDead ? 0 : Number(entry?.content ?? 0)) + 1}`;
        return workOf('app', [put('s', key, content)]).decide(view);
      },
    };
    await run(engine, work);
    return last!;
  }

  test('a commit that rests on it is one script, and the others two', async () => {
    await raise(one);
    await raise(one);
    const before = await scripts();
    for (let turn = 0; turn < 10; turn += 1) await raise(one);
    expect((await scripts()) - before).toBe(10);
    await raise(one, 'another');
    expect((await scripts()) - before).toBe(12);
    expect(await contentAt(two, 'app', 's', 'n')).toBe('12');
  });

  test('a commit of another process, to whatever entry, ends it', async () => {
    for (let turn = 0; turn < 10; turn += 1) {
      await raise(one);
      await raise(two, turn % 2 === 0 ? 'n' : 'other');
      expect((await raise(one)).head.revision).toBe(turn * 3 + 2);
    }
    expect(await contentAt(two, 'app', 's', 'n')).toBe('25');
    expect(await contentAt(two, 'app', 's', 'other')).toBe('5');
  });

  test('so does upkeep, which takes no revision', async () => {
    await raise(one);
    await raise(one);
    await upkeep(two, 'app', { trimThrough: 1 });
    const { head } = await raise(one);
    expect(head.trimmed).toBe(1);
    expect(await raise(one)).toMatchObject({ head: { trimmed: 1, revision: 3, entries: 1 } });
  });

  test('it shows deletes, bytes and the time as they are', async () => {
    const bytes = new Uint8Array([0, 255, 10]);
    await commit(one, 'app', [put('s', 'b', bytes), put('s', 'n', '5')]);
    await commit(one, 'app', [remove('s', 'n')]);
    clock.advance(500);
    const before = await scripts();
    const view = await raise(one);
    expect(await scripts()).toBe(before + 1);
    expect(view.entries).toEqual([undefined]);
    expect(view.time).toBe(clock.now());
    bytes.fill(7);
    let seen: unknown;
    await run(one, {
      ledger: 'app',
      reads: { refs: [{ scope: 's', key: 'b' }], scopes: [] },
      decide(late) {
        const content = late.entries[0]?.content as Uint8Array;
        seen = [...content];
        content.fill(9);
        return workOf('app', [put('s', 'x')]).decide({ ...late, entries: [undefined] });
      },
    });
    expect(seen).toEqual([0, 255, 10]);
    expect(await contentAt(two, 'app', 's', 'b')).toEqual(new Uint8Array([0, 255, 10]));
  });

  test('an entry that has died since is dead', async () => {
    await commit(one, 'app', [put('s', 'n', '5', { expiresAt: clock.now() + 100 })]);
    expect((await raise(one)).entries[0]?.content).toBe('5');
    await commit(one, 'app', [put('s', 'n', '7', { expiresAt: clock.now() + 100 })]);
    clock.advance(100);
    await raise(one);
    expect(await contentAt(two, 'app', 's', 'n')).toBe('1');
  });

  describe('a server that lost all', () => {
    test('is told before anything is written', async () => {
      await raise(one);
      await raise(one);
      await redis.command('FLUSHALL');
      await expect(raise(one)).rejects.toMatchObject({
        code: 'regressed',
        outcome: 'not-applied',
      });
      await raise(one);
      expect(await contentAt(one, 'app', 's', 'n')).toBe('1');
    });
  });
});
