/**
 * Commits that a server loses: every process that had seen one is told, and no position of the lost
 * history is ever taken for one of the new.
 */
import { openSync, closeSync, ftruncateSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { isHoldfastError } from '../../src/index.ts';
import { seededRandom } from '../../src/internal/random.ts';
import { openLedgers } from '../../src/ledger/index.ts';
import type { Ledger, Ledgers, Position } from '../../src/ledger/index.ts';
import { Account, logOf, scope } from '../faults/account.ts';
import { Proxy } from '../faults/proxy.ts';
import { runCount, runSeed } from '../robustness/runs.ts';
import { hasRedis, RedisPair, RedisServer } from '../servers/redis.ts';
import { openEngine } from './stores.ts';

const writers = 6;
const seeds = Array.from({ length: runCount(2, 0.05) }, (_, index) => runSeed + index);

interface Seen {
  readonly store: Ledgers;
  readonly ledger: Ledger;
  readonly account: Account;
}

async function process(url: string): Promise<Seen> {
  const store = openLedgers(await openEngine(url), { sweepMs: 0 });
  return { store, ledger: store.ledger('app'), account: new Account() };
}

/** A process that has committed once, before all others. */
async function early(url: string): Promise<Seen> {
  const one = await process(url);
  await one.account.write(one.ledger, 'innocent');
  return one;
}

/** Resolves once the replica has the commit of that position. */
async function followed(pair: RedisPair, { revision }: Position): Promise<void> {
  const head = () => pair.replica.command('HGET', 'holdfast:{app}:head', 'revision');
  while (Number(await head()) < revision) await sleep(5);
}

/** Writes through all of them until each has so many acknowledgements more. */
async function load(seen: readonly Seen[], more: number): Promise<void> {
  await Promise.all(
    seen.flatMap(({ ledger, account }, place) => {
      const target = account.acknowledged.size + more;
      return Array.from({ length: writers }, async (_, index) => {
        while (account.acknowledged.size < target) {
          await account.write(ledger, `writer-${place}-${index}`);
        }
      });
    }),
  );
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'none',
    (error: unknown) => (isHoldfastError(error) ? error.code : String(error)),
  );
}

/** The last position that its writers were given. */
function lastOf({ account }: Seen): Position {
  return [...account.acknowledged.values()].reduce((last, next) =>
    next.revision > last.revision ? next : last,
  );
}

/**
 * Expects that the head stands at `kept`, that what lay beyond is `regressed` for everybody who had
 * seen it, told once, and stays so when the revisions are given out again.
 */
async function expectRegressed(innocent: Seen, seen: readonly Seen[]): Promise<number> {
  const { position: kept } = await innocent.ledger.head();
  let lost = 0;
  for (const one of seen) {
    const last = lastOf(one);
    const told: string[] = [];
    for (let call = 0; call < 3; call += 1) told.push(await codeOf(one.ledger.head()));
    const isLost = last.revision > kept.revision;
    expect(told).toEqual([isLost ? 'regressed' : 'none', 'none', 'none']);
    lost += isLost ? 1 : 0;
  }
  // The revisions that were lost are given out again, by a process that never saw them, and that
  // has committed before: its opening alone begins no incarnation.
  const highest = Math.max(...seen.map((one) => lastOf(one).revision));
  while ((await innocent.ledger.head()).position.revision <= highest + 5) {
    await innocent.account.write(innocent.ledger, 'innocent');
  }
  const log = await logOf(innocent.ledger);
  for (const one of seen) {
    for (const [actor, position] of one.account.acknowledged) {
      const isLost = position.revision > kept.revision;
      const page = await one.ledger.log(position);
      expect({ actor, kind: page.kind }).toEqual({ actor, kind: isLost ? 'regressed' : 'commits' });
      const isThere = log[position.revision - 1]?.actor === actor;
      expect({ actor, isThere }).toEqual({ actor, isThere: !isLost });
    }
    const set = { kind: 'set', scope: 'after', key: 'k', value: 1 } as const;
    expect((await one.ledger.commit({ mutations: [set] })).kind).toBe('committed');
  }
  await innocent.store.close();
  return lost;
}

describe.skipIf(!hasRedis())('a lost tail', () => {
  test.each(seeds)(
    'of a server that was not synced is told to all who had seen it, seed %i',
    { timeout: 300_000 },
    async (seed) => {
      const random = seededRandom(seed);
      await using redis = await RedisServer.start({ settings: { appendfsync: 'everysec' } });
      const url = redis.url('?timeoutMs=3000');
      const seen = [await process(url), await process(url)];
      const innocent = await early(url);
      await load(seen, 60);
      await redis.server.kill();
      // What a power cut takes: the end of the file, at any byte.
      cutTail(redis, random.float());
      await redis.server.restart();
      expect(await expectRegressed(innocent, seen)).toBeGreaterThan(0);
      for (const { store } of seen) await store.close();
    },
  );

  test.each(seeds)(
    'of a failover to a replica that was behind is told to all who had seen it, seed %i',
    { timeout: 300_000 },
    async (seed) => {
      const random = seededRandom(seed);
      await using pair = await RedisPair.start();
      await using proxy = await Proxy.start(pair.primary.port, random);
      const url = `redis://127.0.0.1:${proxy.port}?timeoutMs=3000`;
      const seen = [await process(url), await process(url)];
      const innocent = await early(url);
      await followed(pair, lastOf(innocent));
      await load(seen, 20);
      const more = 1 + Math.floor(random.float() * 40);
      // From here on the replica gets nothing: it stands for one that is that far behind.
      await pair.replica.command('REPLICAOF', 'NO', 'ONE');
      await load(seen, more);
      await pair.primary.server.kill();
      proxy.lead(pair.replica.port);
      expect(await expectRegressed(innocent, seen)).toBe(seen.length);
      for (const { store } of seen) await store.close();
    },
  );

  test('a failover that loses nothing is none', { timeout: 60_000 }, async () => {
    await using pair = await RedisPair.start();
    await using proxy = await Proxy.start(pair.primary.port, seededRandom(1));
    const url = `redis://127.0.0.1:${proxy.port}?timeoutMs=3000`;
    const seen = [await process(url), await process(url)];
    const innocent = await early(url);
    await load(seen, 20);
    for (const one of seen) await followed(pair, lastOf(one));
    await pair.primary.server.kill();
    await pair.replica.command('REPLICAOF', 'NO', 'ONE');
    proxy.lead(pair.replica.port);
    expect(await expectRegressed(innocent, seen)).toBe(0);
    for (const { store } of seen) await store.close();
  });

  test('is told by whatever is called first, and to a watcher', async () => {
    await using pair = await RedisPair.start();
    await using proxy = await Proxy.start(pair.primary.port, seededRandom(1));
    const url = `redis://127.0.0.1:${proxy.port}?timeoutMs=3000`;
    const calls: ((ledger: Ledger) => Promise<unknown>)[] = [
      (ledger) => ledger.read([{ scope, key: 'all' }]),
      (ledger) => ledger.scan({ scope }),
      (ledger) => ledger.scopes(),
      (ledger) => ledger.commit({ mutations: [{ kind: 'delete', scope, key: 'none' }] }),
    ];
    const seen = await Promise.all(calls.map(() => process(url)));
    await pair.replica.command('REPLICAOF', 'NO', 'ONE');
    await load(seen, 3);
    for (const { ledger } of seen) await ledger.head();
    const watcher = seen[0]!.ledger.watch({ after: lastOf(seen[0]!) })[Symbol.asyncIterator]();
    await pair.primary.server.kill();
    proxy.lead(pair.replica.port);
    for (const [index, call] of calls.entries()) {
      expect(await codeOf(call(seen[index]!.ledger))).toBe('regressed');
      expect(await codeOf(call(seen[index]!.ledger))).toBe('none');
    }
    await load([seen[1]!], 20);
    const page = await watcher.next().catch((error: unknown) => error);
    expect(page).toMatchObject({ value: { kind: 'regressed' } });
    await watcher.return?.();
    for (const { store } of seen) await store.close();
  });
});

function cutTail(redis: RedisServer, share: number): void {
  const [path = ''] = globSync(join(redis.folder, 'appendonlydir', '*.incr.aof'));
  const { size } = statSync(path);
  const file = openSync(path, 'r+');
  ftruncateSync(file, Math.floor(size * (0.3 + 0.6 * share)));
  closeSync(file);
}
