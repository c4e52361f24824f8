import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openMemoryEngine } from '../engine/memory/index.ts';
import { seededRandom } from '../internal/random.ts';
import { origin } from '../ledger/index.ts';
import type { Ledger, LogPage, Mutation } from '../ledger/index.ts';
import { openLedgers } from '../ledger/ledgers.ts';
import type { Ledgers } from '../ledger/ledgers.ts';
import { loopback } from './loopback.ts';
import { ManualClock } from './manual-clock.ts';

let ledgers: Ledgers;
let ledger: Ledger;
let direct: Ledger;

beforeEach(async () => {
  const clock = new ManualClock();
  const random = seededRandom(1);
  const limits = { cacheBytes: 0, busyTimeoutMs: 0, mustExist: false, readOnly: false };
  const engine = await openMemoryEngine('memory:', { clock, random, ...limits });
  ledgers = openLedgers(engine, { clock, random, sweepMs: 0 });
  direct = ledgers.ledger('app');
  ledger = loopback(direct);
});

afterEach(() => ledgers.close());

function put(key: string, value: unknown): Promise<unknown> {
  const mutation: Mutation = { kind: 'set', scope: 's', key, value };
  return ledger.commit({ mutations: [mutation] });
}

test('every answer is the direct one', async () => {
  await put('a', { n: 1 });
  await put('b', Uint8Array.of(1, 2));
  await put('large', 'x'.repeat(10_000));
  await ledger.heartbeat('m', 1000);
  const refs = ['a', 'nothing', 'b', 'large'].map((key) => ({ scope: 's', key }));
  const { position } = await direct.head();
  const asks: ((one: Ledger) => Promise<unknown>)[] = [
    (one) => one.head(),
    (one) => one.read(refs),
    (one) => one.scan({ scope: 's', limit: 2, reverse: true }),
    (one) => one.scan({ scope: 's', keysOnly: true, prefix: 'a' }),
    (one) => one.scopes(),
    (one) => one.scope('s'),
    (one) => one.log(origin),
    (one) => one.log(origin, { scope: 's', key: 'b', keysOnly: true, limit: 1 }),
    (one) => one.log({ incarnation: 'other', revision: 99 }),
    (one) => one.members(),
    (one) => one.pin('p', position, 500),
    (one) => one.erase({ scope: 's', key: 'a' }),
    (one) => one.commit({ checks: [{ kind: 'version', scope: 's', key: 'b', version: 9 }] }),
  ];
  for (const ask of asks) {
    const near = await ask(direct);
    const far = await ask(ledger);
    if (ask === asks.at(-2)) expect(far).toMatchObject({ existed: false });
    else expect(far).toEqual(near);
  }
});

test('every refusal is the direct one', async () => {
  const ref = { scope: 's', key: 'k' };
  const asks: ((one: Ledger) => Promise<unknown>)[] = [
    (one) => one.read([{ scope: '', key: 'k' }]),
    (one) => one.read([{ scope: 's', key: 5 as never }]),
    (one) => one.scan({ scope: '\ud800' }),
    (one) => one.scan({ scope: 's', limit: 0 }),
    (one) => one.scan({ scope: 's', cursor: 'x' }),
    (one) => one.scope('$ledger/values'),
    (one) => one.pin('p', { incarnation: 'other', revision: 7 }, 5),
    (one) => one.commit({ durability: 'eventual' as never }),
    (one) => one.commit({ mutations: [{ kind: 'set', ...ref, value: 1, ttlMs: 0.5 }] }),
    (one) => one.commit({ mutations: [{ kind: 'set', ...ref, value: { a: [Number.NaN] } }] }),
    (one) => one.commit({ mutations: [{ kind: 'update', ...ref, operations: [] }] }),
    (one) => one.commit({ checks: [{ kind: 'version', ...ref, version: -1 }] }),
    (one) => one.commit({ stamp: { client: 'c', sequence: 0 } }),
  ];
  for (const ask of asks) {
    const near = await ask(direct).catch((error: unknown) => error);
    const far = await ask(ledger).catch((error: unknown) => error);
    expect(near).toBeInstanceOf(Error);
    expect(JSON.stringify(far)).toBe(JSON.stringify(near));
  }
});

test('a value above the limit of the store is refused by the store', async () => {
  const committed = put('k', 'x'.repeat(2 ** 20));
  await expect(committed).rejects.toMatchObject({ code: 'limit_exceeded' });
});

test('what a caller does to its objects after a call changes nothing', async () => {
  const value = { list: [1] };
  const refs = [{ scope: 's', key: 'k' }];
  const committed = put('k', value);
  value.list.push(2);
  await committed;
  const read = ledger.read(refs);
  refs.length = 0;
  expect((await read)[0]?.value.decode()).toEqual({ list: [1] });
});

test('calls are answered in one group, in the order in which they were made', async () => {
  await Promise.all(Array.from({ length: 50 }, (_, n) => put('k', n)));
  const [entry] = await ledger.read([{ scope: 's', key: 'k' }]);
  expect(entry).toMatchObject({ version: 50 });
  expect(entry?.value.decode()).toBe(49);
});

describe('watch', () => {
  async function keysOf(pages: AsyncIterable<LogPage>, count: number): Promise<string[]> {
    const keys: string[] = [];
    for await (const page of pages) {
      if (page.kind !== 'commits') break;
      for (const { changes } of page.commits) keys.push(...changes.map(({ key }) => key));
      if (keys.length >= count) break;
    }
    return keys;
  }

  test('pages come as they are pulled, old and new', async () => {
    await put('a', 1);
    const keys = keysOf(ledger.watch({ after: origin, scope: 's' }), 3);
    await put('b', 2);
    await put('c', 3);
    expect(await keys).toEqual(['a', 'b', 'c']);
  });

  test('without a position it begins where it was called', async () => {
    await put('before', 1);
    const pages = ledger.watch();
    await put('after', 2);
    expect(await keysOf(pages, 1)).toEqual(['after']);
  });

  test('a signal ends it, whether or not a page is awaited', async () => {
    const abort = new AbortController();
    const waiting = keysOf(ledger.watch({ signal: abort.signal }), 1);
    abort.abort();
    expect(await waiting).toEqual([]);
    expect(await keysOf(ledger.watch({ signal: abort.signal, after: origin }), 1)).toEqual([]);
  });

  test('a position that the ledger does not know ends it with regressed', async () => {
    const pages: LogPage[] = [];
    const after = { incarnation: 'other', revision: 7 };
    for await (const page of ledger.watch({ after })) pages.push(page);
    expect(pages).toMatchObject([{ kind: 'regressed' }]);
  });

  test('what the ledger throws reaches the reader', async () => {
    const pages = ledger.watch({ scope: '' });
    await expect(keysOf(pages, 1)).rejects.toMatchObject({ code: 'invalid_name' });
  });
});
