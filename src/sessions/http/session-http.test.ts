import { afterEach, expect, test } from 'vitest';
import { open } from '../../index.ts';
import type { App } from '../../index.ts';
import { linkPair, SessionHost, sessionHttp, SessionWorker, structuredAgent } from '../index.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const agent = structuredAgent<string>((turn) => {
  if (turn.input === 'fail') throw new Error('no');
  for (const word of turn.input.split(' ')) turn.emit('word', word);
  turn.state.list('messages').append(turn.input);
  return turn.input.length;
});

async function stage() {
  const store = await open('memory:');
  const app: App = store.app('a');
  const host = new SessionHost(app, { workerWaitMs: 1000 });
  const worker = new SessionWorker({ agents: { agent }, name: 'w' });
  const [ours, theirs] = linkPair();
  host.attach(ours);
  void worker.serve(theirs);
  closers.push(
    () => store.close(),
    () => host.close(),
  );
  const parts = { app, host, path: '/v1/sessions' };
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const response = await sessionHttp(parts, new Request(`http://h/v1${path}`, init));
    if (response === undefined) throw new Error(`nothing answers ${path}`);
    return response;
  };
  const post = (path: string, body: unknown, headers = {}): Promise<Response> => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return ask(path, { method: 'POST', body: text, headers });
  };
  return { app, host, ask, post };
}

const stream = { accept: 'text/event-stream' };
const turn = { id: '1', agent: 'agent', input: 'hello there' };

test('a turn is answered as JSON, its state can be read', async () => {
  const { ask, post } = await stage();
  const response = await post('/sessions/ada%2F42/turns', turn);
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ kind: 'done', version: 1, output: 11 });
  expect(await (await ask('/sessions/ada%2F42')).json()).toMatchObject({ version: 1 });
  const entries = await ask('/sessions/ada%2F42/entries?prefix=messages');
  expect(await entries.json()).toEqual({ 'messages/0000000000000000': 'hello there' });
  expect(await (await ask('/sessions')).json()).toEqual(['ada/42']);
  expect(await (await ask('/sessions?prefix=x')).json()).toEqual([]);
});

test('whoever asks for a stream gets events as they come, then the outcome', async () => {
  const { post } = await stage();
  const streamed = await post('/sessions/s/turns', turn, stream);
  expect(streamed.headers.get('content-type')).toBe('text/event-stream');
  const text = await streamed.text();
  expect(text.match(/^event: \w+$/gm)).toEqual(['event: event', 'event: event', 'event: done']);
  expect(text).toContain('data: {"attempt":1,"index":1,"kind":"word","data":"there"}');
  const failed = await post('/sessions/s/turns', { ...turn, id: '2', input: 'fail' }, stream);
  expect(await failed.text()).toMatch(/^event: error\ndata: .*"code":"turn_failed"/);
  const conflict = await post('/sessions/s/turns', { ...turn, id: '3', base: 9 }, stream);
  expect(await conflict.text()).toMatch(/^event: conflict\ndata: .*"bases":\[1,0\]/);
});

test.each([
  ['no JSON', '{', 400, 'invalid_argument'],
  ['no object', '[]', 400, 'invalid_argument'],
  ['no id', { ...turn, id: undefined }, 400, 'invalid_argument'],
  ['a base that is none', { ...turn, base: 'x' }, 400, 'invalid_argument'],
  ['a handler that fails', { ...turn, input: 'fail' }, 502, 'turn_failed'],
  ['an agent that nobody has', { ...turn, agent: 'nobody' }, 503, 'unavailable'],
])('%s is refused with its code', async (_, body, status, code) => {
  const { post } = await stage();
  const response = await post('/sessions/s/turns', body);
  expect([response.status, await response.json()]).toMatchObject([status, { error: { code } }]);
});

test('other paths and methods are told apart', async () => {
  const { app, host, ask } = await stage();
  expect((await ask('/sessions/none')).status).toBe(404);
  expect((await ask('/sessions/s', { method: 'DELETE' })).status).toBe(405);
  expect((await ask('/sessions/%ff')).status).toBe(400);
  for (const path of ['/other', '/v1/sessions', '/x/sessions/s', '/sessions/s/turns/x']) {
    expect(await sessionHttp({ app, host }, new Request(`http://h${path}`))).toBe(undefined);
  }
});

test('a follower sees each turn, and comes back where it was', async () => {
  const { ask, post, app } = await stage();
  const { position } = await app.ledger.head();
  const start = `${position.incarnation}:${position.revision}`;
  await post('/sessions/s/turns', turn);
  await post('/sessions/s/turns', { ...turn, id: '2', input: 'again' });
  const first = await follow(ask, start);
  expect(first.data).toMatchObject({ turn: '1', version: 1, output: 11 });
  const second = await follow(ask, first.id);
  expect(second.data).toMatchObject({ turn: '2', version: 2 });
  const wrong = await ask('/sessions/s/follow', { headers: { 'last-event-id': 'x' } });
  expect(wrong.status).toBe(400);
  const lost = await follow(ask, `${'0'.repeat(16)}:1`);
  expect(lost).toMatchObject({ event: 'error', data: { error: { code: 'regressed' } } });
});

/** The first event behind a position. */
async function follow(
  ask: (path: string, init: RequestInit) => Promise<Response>,
  after: string,
): Promise<{ id: string; event: string; data: unknown }> {
  const abort = new AbortController();
  const headers = { 'last-event-id': after };
  const response = await ask('/sessions/s/follow', { headers, signal: abort.signal });
  const reader = response.body?.getReader();
  const chunk = await reader?.read();
  abort.abort();
  await reader?.cancel();
  const text = new TextDecoder().decode(chunk?.value as Uint8Array);
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1] ?? '';
  return { id: field('id'), event: field('event'), data: JSON.parse(field('data')) as unknown };
}
