import type { DatabaseSync as Db } from 'node:sqlite';
import { afterEach, expect, test } from 'vitest';
import { open as openRemote } from '../../client/index.ts';
import type { RemoteSource } from '../../client/index.ts';
import { open } from '../../index.ts';
import { deferred } from '../../internal/deferred.ts';
import { parseGrant, serve } from '../../server/index.ts';
import {
  agentOf,
  extensionName,
  linkPair,
  serveApp,
  SessionClient,
  Session,
  SessionHosts,
  SessionWorker,
  sqlitePayload,
  structuredAgent,
} from '../index.ts';
import type { SessionStep } from '../index.ts';

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
  const hosts = new SessionHosts(store, { workerWaitMs: 5000 });
  const extensions = [hosts.extension];
  const server = await serve(store, { port: 0, processMetrics: false, extensions });
  closers.push(
    () => store.close(),
    () => server.close(),
    () => hosts.close(),
  );
  return { store, server, hosts };
}

async function joined(url: string, token?: string) {
  const options = { extensions: [extensionName], ...(token === undefined ? {} : { token }) };
  const store = await openRemote(url, options);
  closers.push(() => store.close());
  return store;
}

async function connected(url: string, token?: string): Promise<RemoteSource> {
  return (await joined(url, token)).source;
}

const rows = agentOf(sqlitePayload, ({ version, state }: { version: number; state: Db }) => {
  if (version === 0) state.exec('CREATE TABLE said (id INTEGER PRIMARY KEY)');
  state.exec('INSERT INTO said DEFAULT VALUES');
  return state.prepare('SELECT count(*) AS n FROM said').get();
});
const slow = structuredAgent(async (turn) => {
  turn.emit('begun', null);
  await released.promise;
  turn.state.set('done', true);
});
let released = deferred<void>();

function hire(source: RemoteSource, app: string): SessionWorker {
  const worker = new SessionWorker({ agents: { counter, rows, slow }, name: 'w' });
  void serveApp(worker, source, app);
  closers.push(() => worker.close());
  return worker;
}

const add = { session: 's', agent: 'counter', input: 1 };

test('workers and callers meet on a server', async () => {
  const { server, hosts } = await stage();
  hire(await connected(server.url), 'a');
  const client = new SessionClient(await connected(server.url), 'a');
  const events: unknown[] = [];
  const onEvent = (event: unknown): number => events.push(event);
  const done = await client.turn({ ...add, id: '1', onEvent });
  expect(done).toMatchObject({ kind: 'done', version: 1, output: 1 });
  expect(events).toEqual([{ attempt: 1, index: 0, kind: 'adding', data: 1 }]);
  const many = Array.from({ length: 20 }, (_, id) => client.turn({ ...add, id: `m${id}` }));
  expect(await Promise.all(many)).toHaveLength(20);
  expect(await hosts.of('a').session('s').get('n')).toBe(21);
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

test('apps follow a session live, over WebSocket and HTTP, and resume', async () => {
  const { server } = await stage();
  hire(await connected(server.url), 'a');
  const remote = await joined(server.url);
  const { ledger } = remote.app('a');
  const { position } = await ledger.head();
  const client = new SessionClient(remote.source, 'a');
  const seen: SessionStep[] = [];
  const abort = new AbortController();
  const following = (async () => {
    for await (const step of new Session(ledger, 's').follow({
      after: position,
      signal: abort.signal,
    })) {
      seen.push(step);
    }
  })();
  const sse = new AbortController();
  const after = `${position.incarnation}:${position.revision}`;
  const stream = await fetch(`${server.url}/v1/apps/a/sessions/s/follow`, {
    headers: { accept: 'text/event-stream', 'last-event-id': after },
    signal: sse.signal,
  });
  const lines = textOf(stream);
  for (let id = 1; id <= 3; id += 1) await client.turn({ ...add, id: `${id}` });
  await client.turn({ ...add, session: 'other', id: '1' });
  await expect.poll(() => seen).toHaveLength(3);
  const steps = seen.map(({ version, turn, output, changes }) => [version, turn, output, changes]);
  expect(steps).toEqual([1, 2, 3].map((n) => [n, `${n}`, n, [{ key: 'n', value: n }]]));
  await expect.poll(() => lines.text.match(/^event: turn$/gm)).toHaveLength(3);
  expect(lines.text).not.toContain('other');
  abort.abort();
  sse.abort();
  await following;
  const rest = new Session(ledger, 's').follow({ after: (seen[1] as SessionStep).position });
  expect((await rest.next()).value).toMatchObject({ version: 3, turn: '3' });
  await rest.return();
});

/** What has come of a stream so far. */
function textOf(response: Response): { text: string } {
  const read = { text: '' };
  const decoder = new TextDecoder();
  (async () => {
    for await (const chunk of response.body ?? []) {
      read.text += decoder.decode(chunk as Uint8Array, { stream: true });
    }
  })().catch(() => undefined);
  return read;
}

test('a session that is a database lives on a server, too', async () => {
  const { server } = await stage();
  hire(await connected(server.url), 'a');
  const client = new SessionClient(await connected(server.url), 'a');
  for (const n of [1, 2, 3]) {
    const turn = { session: 'db', agent: 'rows', id: `${n}` };
    expect(await client.turn(turn)).toMatchObject({ version: n, output: { n } });
  }
});

test('hosts that are closed let turns finish for their time, and take no new ones', async () => {
  const { server, hosts } = await stage();
  released = deferred<void>();
  hire(await connected(server.url), 'a');
  const client = new SessionClient(await connected(server.url), 'a');
  const begun = deferred<void>();
  const onEvent = (): void => begun.resolve();
  const turn = client.turn({ session: 's', agent: 'slow', id: '1', onEvent });
  await begun.promise;
  const closed = hosts.close({ finishMs: 60_000 });
  await expect(client.turn({ ...add, id: '2' })).rejects.toMatchObject({ code: 'closed' });
  released.resolve();
  expect(await turn).toMatchObject({ version: 1, attempts: 1 });
  await closed;
  await server.drain();
});

test('hosts with nothing to do are let go of when there are many', async () => {
  await using store = await open('memory:');
  await using hosts = new SessionHosts(store, { idleMax: 3 });
  const busy = hosts.of('busy');
  const [ours, theirs] = linkPair();
  busy.attach(ours);
  void new SessionWorker({ agents: { counter } }).serve(theirs);
  for (let n = 0; n < 50; n += 1) hosts.of(`idle-${n}`);
  expect(hosts.size).toBeLessThanOrEqual(5);
  expect(hosts.of('busy')).toBe(busy);
  expect(() => hosts.of('no name!')).toThrow(expect.objectContaining({ code: 'invalid_name' }));
});

test('a turn whose connection was lost may be asked for again', async () => {
  const { server, hosts } = await stage();
  hire(await connected(server.url), 'a');
  const source = await connected(server.url);
  const client = new SessionClient(source, 'a');
  await client.turn({ ...add, id: '1' });
  const given = client.turn({ ...add, id: '2', input: -1 });
  given.catch(() => undefined);
  await expect.poll(() => hosts.of('a').open).toBe(1);
  await source.close();
  await expect(given).rejects.toMatchObject({ code: 'outcome_unknown' });
  await expect.poll(() => hosts.of('a').open).toBe(0);
  const again = new SessionClient(await connected(server.url), 'a');
  expect(await again.turn({ ...add, id: '1' })).toMatchObject({ version: 1, replayed: true });
});

test('a token says who may be a worker and who may send turns', async () => {
  const { server, store, hosts } = await stage();
  const give = async (grant: string): Promise<string> => {
    const created = await server.tokens.create({ name: 't', grants: [parseGrant(grant)] });
    return created.token;
  };
  const [whole, part] = [await give('a=read,write'), await give('a:s=read,write')];
  await server.close();
  const guarded = await serve(store, {
    port: 0,
    processMetrics: false,
    extensions: [hosts.extension],
  });
  closers.push(() => guarded.close());
  expect(guarded.auth).toBe('tokens');
  const errors: unknown[] = [];
  const source = await connected(guarded.url, part);
  const mole = new SessionWorker({ agents: { counter } });
  closers.push(() => mole.close());
  void serveApp(mole, source, 'a', { onError: (error) => errors.push(error) });
  await expect.poll(() => errors[0]).toMatchObject({ code: 'forbidden' });
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

test('a worker leaves with the store that it serves from', async () => {
  const { server, hosts } = await stage();
  const source = await connected(server.url);
  const worker = new SessionWorker({ agents: { counter } });
  closers.push(() => worker.close());
  const errors: unknown[] = [];
  const serving = serveApp(worker, source, 'a', { onError: (error) => errors.push(error) });
  expect(await hosts.of('a').turn({ ...add, id: '1' })).toMatchObject({ kind: 'done' });
  await source.close();
  await serving;
  expect(errors.length).toBeLessThan(2);
});
