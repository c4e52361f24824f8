/** Connections that are cut, delayed and made anew: nothing is lost, doubled or out of order. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { open as openClient } from '../../src/client/index.ts';
import { open } from '../../src/index.ts';
import type { Store } from '../../src/index.ts';
import { seededRandom } from '../../src/internal/random.ts';
import { origin } from '../../src/ledger/index.ts';
import { serve } from '../../src/server/index.ts';
import { runCount, runSeed } from '../robustness/runs.ts';
import { openProxy } from './proxy.ts';

function temporaryStore(): Promise<Store> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-proxy-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return open(`file:${join(folder, 'store.db')}`);
}

test('commits through cut connections apply once each, and a watch sees each once', async () => {
  const local = await temporaryStore();
  const server = await serve(local, { port: 0, processMetrics: false });
  const random = seededRandom(runSeed);
  const proxy = await openProxy(server.url, random, {
    cut: 0.05,
    delay: 0.2,
    duplicate: 0.3,
  });
  const store = await openClient(proxy.url, { backoffMs: 20, timeoutMs: 60_000 });
  const { ledger } = store.app('a');
  const seen: number[] = [];
  const stop = new AbortController();
  const watching = (async () => {
    for await (const page of ledger.watch({ after: origin, scope: 'n', signal: stop.signal })) {
      if (page.kind !== 'commits') throw new Error(page.kind);
      for (const { position } of page.commits) seen.push(position.revision);
    }
  })();
  const counter = store.app('a').scope<number>('n');
  const writers = 8;
  const each = runCount(40);
  const write = async (writer: number): Promise<void> => {
    for (let index = 0; index < each; index += 1) {
      await counter.update('total', [{ op: 'increment' }]);
      await counter.set(`${writer}`, index);
      expect(await counter.get(`${writer}`)).toBe(index);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  expect(await local.app('a').scope('n').get('total')).toBe(writers * each);
  const { position } = await local.app('a').ledger.head();
  await expect.poll(() => seen.at(-1), { timeout: 20_000 }).toBe(position.revision);
  stop.abort();
  await watching;
  expect(seen).toEqual(Array.from({ length: position.revision }, (_, index) => index + 1));
  expect(proxy.cuts()).toBeGreaterThan(2);
  expect(proxy.duplicates()).toBeGreaterThan(0);
  await store.close();
  await proxy.close();
  await server.close();
  await local.close();
});

test('a server that drains and comes back loses nothing that it acknowledged', async () => {
  const local = await temporaryStore();
  let server = await serve(local, { port: 0, processMetrics: false });
  const port = Number(new URL(server.url).port);
  const store = await openClient(server.url, { backoffMs: 50, timeoutMs: 60_000 });
  const scope = store.app('a').scope<number>('s');
  let acknowledged = 0;
  const over = new AbortController();
  const write = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await scope.update('n', [{ op: 'increment' }]);
      acknowledged += 1;
    }
  };
  const writing = Promise.all(Array.from({ length: 16 }, write));
  for (let restart = 0; restart < 3; restart += 1) {
    const before = acknowledged;
    await expect.poll(() => acknowledged, { timeout: 20_000 }).toBeGreaterThan(before + 20);
    await server.drain();
    server = await serve(local, { port, processMetrics: false });
  }
  over.abort();
  await writing;
  expect(await local.app('a').scope('s').get('n')).toBe(acknowledged);
  await store.close();
  await server.close();
  await local.close();
});

test('offline is said so: nothing was sent, or it may have been applied', async () => {
  const local = await open('memory:');
  const server = await serve(local, { port: 0, processMetrics: false });
  const store = await openClient(server.url, { backoffMs: 20, timeoutMs: 300 });
  await store.scope('s').set('k', 1);
  await server.close();
  await expect(store.scope('s').get('k')).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('offline') as string,
    outcome: 'not-applied',
  });
  await store.close();
  await expect(store.source.names()).rejects.toMatchObject({ code: 'closed' });
  await expect(openClient(server.url, { connectTimeoutMs: 300 })).rejects.toMatchObject({
    code: 'unavailable',
  });
  await local.close();
});

test('what is more than the server takes is refused unsent, and cuts nobody off', async () => {
  await using local = await open('memory:');
  const limits = { payloadBytes: 200_000 };
  await using server = await serve(local, { port: 0, processMetrics: false, limits });
  const connections: string[] = [];
  await using store = await openClient(server.url, {
    onConnection: ({ kind }) => void connections.push(kind),
  });
  const scope = store.scope('s');
  // Together they are more than one message may be.
  const sizes = [1000, 60_000, 150_000, 190_000];
  const writes = sizes.map((size) => scope.set(`${size}`, 'x'.repeat(size)));
  await expect(scope.set('large', 'x'.repeat(250_000))).rejects.toMatchObject({
    code: 'limit_exceeded',
    outcome: 'not-applied',
    details: { limit: 200_000 },
  });
  await Promise.all(writes);
  expect(await scope.count()).toBe(sizes.length);
  expect(connections).toEqual(['connected']);
});
