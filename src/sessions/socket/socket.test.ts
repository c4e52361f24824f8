import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { afterEach, expect, test } from 'vitest';
import { open } from '../../index.ts';
import { deferred } from '../../internal/deferred.ts';
import {
  connectWorker,
  serveWorkers,
  SessionHost,
  SessionWorker,
  structuredAgent,
} from '../index.ts';
import type { ServeWorkersOptions, WorkerConnection } from '../index.ts';
import { subprotocol } from './socket-link.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const counter = structuredAgent<number>((turn) => {
  turn.state.update('n', [{ op: 'increment', by: turn.input }]);
  return [turn.state.get('n'), turn.attempt];
});

async function listening(server: Server, at = '127.0.0.1'): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, at, resolve);
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/sessions/worker`;
}

async function stage(options: ServeWorkersOptions = {}, at?: string) {
  const store = await open('memory:');
  const host = new SessionHost(store.app('a'), { workerWaitMs: 5000 });
  const server = createServer();
  const door = serveWorkers(server, host, options);
  const url = await listening(server, at);
  closers.push(
    () => store.close(),
    () => server.close(),
    () => host.close(),
    () => door.close(),
  );
  return { host, url, server };
}

function hired(url: string, name = 'w', headers = {}): WorkerConnection {
  const worker = new SessionWorker({ agents: { counter }, name });
  const connection = connectWorker(worker, url, { headers, retryMaxMs: 50 });
  closers.push(() => connection.close());
  return connection;
}

const add = { session: 's', agent: 'counter', input: 1 };

test('turns go out over a WebSocket and come back', async () => {
  const { host, url } = await stage();
  await hired(url).connected;
  expect(await host.turn({ ...add, id: '1' })).toMatchObject({ version: 1, output: [1, 1] });
  expect(await host.turn({ ...add, id: '2' })).toMatchObject({ version: 2, output: [2, 1] });
});

test('a worker whose connection is cut comes back with what it holds', async () => {
  const { host, url, server } = await stage();
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket));
  await hired(url).connected;
  await host.turn({ ...add, id: '1' });
  for (const socket of sockets) socket.destroy();
  await expect.poll(() => [sockets.size, host.workers().length]).toEqual([2, 1]);
  for (let id = 2; id < 6; id += 1) {
    expect(await host.turn({ ...add, id: `${id}` })).toMatchObject({ output: [id, 1] });
  }
});

test('a worker may come before its host', async () => {
  const server = createServer();
  const url = await listening(server);
  const connection = hired(url);
  const store = await open('memory:');
  const host = new SessionHost(store.app('a'), { workerWaitMs: 5000 });
  const turn = host.turn({ ...add, id: '1' });
  const door = serveWorkers(server, host);
  closers.push(
    () => store.close(),
    () => server.close(),
    () => host.close(),
    () => door.close(),
  );
  expect(await turn).toMatchObject({ version: 1 });
  await connection.connected;
});

test('a worker that drains finishes its turn and stays away', async () => {
  const { host, url } = await stage();
  const opened = deferred<void>();
  const slow = structuredAgent(() => opened.promise);
  const worker = new SessionWorker({ agents: { slow }, name: 'w1' });
  const connection = connectWorker(worker, url);
  const turn = host.turn({ ...add, agent: 'slow', id: '1' });
  await expect.poll(() => worker.open).toBe(1);
  const drained = connection.drain();
  opened.resolve();
  expect(await turn).toMatchObject({ worker: 'w1', attempts: 1 });
  await drained;
  await expect.poll(() => host.workers()).toEqual([]);
  hired(url, 'w2');
  expect(await host.turn({ ...add, id: '2' })).toMatchObject({ worker: 'w2', output: [1, 1] });
});

async function refusal(url: string, headers: Record<string, string> = {}): Promise<string> {
  const socket = new WebSocket(url, subprotocol, { headers });
  return new Promise((resolve) => {
    socket.on('error', (error) => resolve(error.message));
    socket.on('open', () => {
      socket.close();
      resolve('open');
    });
  });
}

test('who may not be a worker is kept out', async () => {
  const admit = ({ headers }: { headers: Record<string, unknown> }) => headers['x-key'] === 'good';
  const guarded = await stage({ admit });
  expect(await refusal(guarded.url)).toMatch(/403/);
  expect(await refusal(guarded.url, { 'x-key': 'good' })).toBe('open');
  expect(await refusal(guarded.url, { 'x-key': 'good', origin: 'http://evil' })).toMatch(/403/);
  expect(await refusal(guarded.url.replace('worker', 'other'))).toMatch(/404/);
  const unguarded = await stage({}, '0.0.0.0');
  expect(await refusal(unguarded.url)).toMatch(/403/);
});

test('a message that is no frame ends the connection, not the host', async () => {
  const { host, url } = await stage();
  for (const message of ['text', Buffer.from([255, 255, 255])]) {
    const socket = new WebSocket(url, subprotocol);
    await new Promise((resolve) => {
      socket.on('open', () => socket.send(message));
      socket.on('close', resolve);
    });
  }
  hired(url);
  expect(await host.turn({ ...add, id: '1' })).toMatchObject({ version: 1 });
});
