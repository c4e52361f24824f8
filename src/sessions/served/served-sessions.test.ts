import { afterEach, expect, test, vi } from 'vitest';
import { open as openRemote } from '../../client/index.ts';
import type { RemoteSource } from '../../client/index.ts';
import { open } from '../../index.ts';
import { parseGrant, serve } from '../../server/index.ts';
import {
  extensionName,
  serveApp,
  SessionClient,
  SessionHost,
  sessionsExtension,
  SessionWorker,
  structuredAgent,
} from '../index.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const counter = structuredAgent<number>(async (turn) => {
  turn.emit('adding', turn.input);
  if (turn.input < 0)
    await new Promise((_, reject) => turn.signal.addEventListener('abort', reject));
  turn.state.update('n', [{ op: 'increment', by: turn.input }]);
  return turn.state.get('n');
});

async function stage() {
  const store = await open('memory:');
  const hosts = new Map<string, SessionHost>();
  const hostOf = (app: string): SessionHost => {
    const host = hosts.get(app) ?? new SessionHost(store.app(app), { workerWaitMs: 5000 });
    hosts.set(app, host);
    return host;
  };
  const extensions = [sessionsExtension(hostOf)];
  const server = await serve(store, { port: 0, processMetrics: false, extensions });
  closers.push(
    () => store.close(),
    () => server.close(),
    () => Promise.all(Array.from(hosts.values(), (host) => host.close())),
  );
  return { store, server, hostOf };
}

async function connected(url: string, token?: string): Promise<RemoteSource> {
  const options = { extensions: [extensionName], ...(token === undefined ? {} : { token }) };
  const store = await openRemote(url, options);
  closers.push(() => store.close());
  return store.source as RemoteSource;
}

function hire(source: RemoteSource, app: string): SessionWorker {
  const worker = new SessionWorker({ agents: { counter }, name: 'w' });
  void serveApp(worker, source, app);
  closers.push(() => worker.close());
  return worker;
}

const add = { session: 's', agent: 'counter', input: 1 };

test('workers and callers meet on a server', async () => {
  const { server, hostOf } = await stage();
  hire(await connected(server.url), 'a');
  const client = new SessionClient(await connected(server.url), 'a');
  const events: unknown[] = [];
  const onEvent = (event: unknown): number => events.push(event);
  const done = await client.turn({ ...add, id: '1', onEvent });
  expect(done).toMatchObject({ kind: 'done', version: 1, output: 1 });
  expect(events).toEqual([{ attempt: 1, index: 0, kind: 'adding', data: 1 }]);
  const many = Array.from({ length: 20 }, (_, id) => client.turn({ ...add, id: `m${id}` }));
  expect(await Promise.all(many)).toHaveLength(20);
  expect(await hostOf('a').session('s').get('n')).toBe(21);
  await expect(client.turn({ ...add, id: '1', input: 2 })).rejects.toMatchObject({
    code: 'stamp_reused',
  });
  const abort = new AbortController();
  const given = client.turn({
    ...add,
    id: 'x',
    input: -1,
    signal: abort.signal,
    onEvent: () => abort.abort(),
  });
  await expect(given).rejects.toMatchObject({ code: 'aborted', outcome: 'not-applied' });
  await client.close();
});

test('turns are sent and read over HTTP, too', async () => {
  const { server } = await stage();
  hire(await connected(server.url), 'a');
  const ask = (path: string, init: RequestInit = {}): Promise<Response> => {
    return fetch(`${server.url}/v1/apps/a/sessions${path}`, init);
  };
  const body = JSON.stringify({ id: '1', agent: 'counter', input: 2 });
  const done = await ask('/ada%2F1/turns', { method: 'POST', body });
  expect(await done.json()).toMatchObject({ kind: 'done', version: 1, output: 2 });
  const headers = { accept: 'text/event-stream' };
  const streamed = await ask('/ada%2F1/turns', { method: 'POST', body, headers });
  expect(await streamed.text()).toMatch(/^event: done\ndata: .*"replayed":true/);
  expect(await (await ask('')).json()).toEqual(['ada/1']);
  expect(await (await ask('/ada%2F1/entries')).json()).toEqual({ n: 2 });
  expect((await ask('/nobody')).status).toBe(404);
  expect((await ask('/ada/1/more')).status).toBe(404);
  const failed = await ask('/ada%2F1/turns', { method: 'POST', body: '{' });
  expect(failed.headers.get('content-type')).toBe('application/problem+json');
  expect(await failed.json()).toMatchObject({ status: 400, code: 'invalid_argument' });
});

test('a turn whose connection was lost may be asked for again', async () => {
  const { server, hostOf } = await stage();
  hire(await connected(server.url), 'a');
  const source = await connected(server.url);
  const client = new SessionClient(source, 'a');
  await client.turn({ ...add, id: '1' });
  const given = client.turn({ ...add, id: '2', input: -1 });
  given.catch(() => undefined);
  await vi.waitFor(() => expect(hostOf('a').open).toBe(1));
  await source.close();
  await expect(given).rejects.toMatchObject({ code: 'outcome_unknown' });
  await vi.waitFor(() => expect(hostOf('a').open).toBe(0));
  const again = new SessionClient(await connected(server.url), 'a');
  expect(await again.turn({ ...add, id: '1' })).toMatchObject({ version: 1, replayed: true });
});

test('a token says who may be a worker and who may send turns', async () => {
  const { server, store, hostOf } = await stage();
  const give = async (grant: string): Promise<string> => {
    const created = await server.tokens.create({ name: 't', grants: [parseGrant(grant)] });
    return created.token;
  };
  const [whole, part] = [await give('a=read,write'), await give('a:s=read,write')];
  await server.close();
  const guarded = await serve(store, {
    port: 0,
    processMetrics: false,
    extensions: [sessionsExtension(hostOf)],
  });
  closers.push(() => guarded.close());
  expect(guarded.auth).toBe('tokens');
  const errors: unknown[] = [];
  const source = await connected(guarded.url, part);
  const mole = new SessionWorker({ agents: { counter } });
  closers.push(() => mole.close());
  void serveApp(mole, source, 'a', { onError: (error) => errors.push(error) });
  await vi.waitFor(() => expect(errors[0]).toMatchObject({ code: 'forbidden' }));
  const client = new SessionClient(source, 'a');
  await expect(client.turn({ ...add, session: 'other', id: '1' })).rejects.toMatchObject({
    code: 'forbidden',
  });
  const post = (session: string, token: string): Promise<Response> => {
    const body = JSON.stringify({ id: 'h', agent: 'counter', input: 1 });
    const headers = { authorization: `Bearer ${token}` };
    const url = `${guarded.url}/v1/apps/a/sessions/${session}/turns`;
    return fetch(url, { method: 'POST', body, headers });
  };
  expect((await post('other', part)).status).toBe(403);
  expect((await post('s', 'nonsense')).status).toBe(401);
  hire(await connected(guarded.url, whole), 'a');
  expect((await post('s', part)).status).toBe(200);
  const headers = { authorization: `Bearer ${part}` };
  const read = await fetch(`${guarded.url}/v1/apps/a/sessions/other`, { headers });
  expect(read.status).toBe(403);
  expect(await client.turn({ ...add, id: '1' })).toMatchObject({ version: 2 });
});
