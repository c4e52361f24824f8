/** MCP on a server: every app at its own address, with the rights of the token, live. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { mintWorkerToken } from '../../src/client/index.ts';
import { World } from './security/world.ts';

type Era = '2025' | '2026';
const eras: readonly Era[] = ['2025', '2026'];

async function connect(world: World, era: Era, token: string, app = 'mine'): Promise<Client> {
  const mode = era === '2026' ? ({ pin: '2026-07-28' } as const) : 'legacy';
  const client = new Client({ name: 'test', version: '0' }, { versionNegotiation: { mode } });
  const headers = { authorization: `Bearer ${token}` };
  const url = new URL(`${world.server.url}/mcp/${app}`);
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  onTestFinished(() => client.close());
  return client;
}

async function call(client: Client, name: string, args: Record<string, unknown>) {
  const { isError, content, structuredContent } = await client.callTool({ name, arguments: args });
  return isError === true ? (content as { text: string }[])[0]!.text : structuredContent;
}

/** Subscribes, and gives what is heard: it counts from the answer on. */
async function listening(client: Client, era: Era, uri: string) {
  const heard = vi.fn();
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
    heard(params.uri);
  });
  if (era === '2026') await client.listen({ resourceSubscriptions: [uri] });
  else await client.subscribeResource({ uri });
  return heard;
}

const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'test', version: '0' },
  },
};

function post(world: World, token: string | undefined, headers: Record<string, string> = {}) {
  return world.fetch('/mcp/mine', token, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify(initialize),
  });
}

describe.each(eras)('MCP of %s on a server', (era) => {
  test('does what its token may, and nothing else', async () => {
    const world = await World.open();
    const token = await world.token(['mine:users=read,write', 'mine:session/*=read']);
    const client = await connect(world, era, token);
    const set = { scope: 'users', key: 'bob', value: 1 };
    expect(await call(client, 'set', set)).toMatchObject({ applied: true });
    expect(await call(client, 'get', { scope: 'users', keys: ['ada'] })).toMatchObject({
      entries: [{ value: 'mine' }],
    });
    for (const scope of ['session', 'sessions', 'secret']) {
      expect(await call(client, 'get', { scope, keys: ['k'] })).toMatch(/^forbidden/);
    }
    const stranger = { ...set, scope: 'session/1' };
    expect(await call(client, 'set', stranger)).toMatch(/^forbidden/);
    const both = [set, stranger].map((write) => ({ kind: 'set', ...write }));
    expect(await call(client, 'transact', { writes: both })).toMatch(/^forbidden/);
    expect(JSON.stringify(await call(client, 'scopes', {}))).not.toMatch(/sessions|secret/);
    expect(await call(client, 'history', {})).toMatch(/^forbidden/);
    const uri = 'holdfast://mine/session/k';
    await expect(client.readResource({ uri })).rejects.toThrow();
    const log = await world.local
      .app('mine')
      .ledger.log({ incarnation: '', revision: 0 }, { scope: 'users', key: 'bob' });
    expect(log).toMatchObject({ commits: [{ actor: 'token:test' }] });
  });

  test('tells a subscriber of every change that follows the answer', async () => {
    const world = await World.open();
    const client = await connect(world, era, await world.token(['mine=read,watch']));
    const uri = 'holdfast://mine/users/bob';
    const heard = await listening(client, era, uri);
    await world.local.app('mine').scope('users').set('bob', 1);
    await vi.waitFor(() => expect(heard).toHaveBeenCalledWith(uri), { timeout: 10_000 });
  });

  test('a revoked token ends what was open, and is refused', async () => {
    const world = await World.open();
    const client = await connect(world, era, await world.token(['mine=read,watch']));
    const heard = await listening(client, era, 'holdfast://mine/users');
    await world.server.tokens.revoke('test');
    await expect(client.listTools()).rejects.toThrow();
    await world.local.app('mine').scope('users').set('bob', 1);
    expect(heard).not.toHaveBeenCalled();
  });

  test('an app that the token has no right in is shut', async () => {
    const world = await World.open();
    const token = await world.token(['mine=read']);
    await expect(connect(world, era, token, 'other')).rejects.toThrow();
    await expect(connect(world, era, token, 'mine2')).rejects.toThrow();
  });
});

test('whoever may not watch is told when it subscribes', async () => {
  const world = await World.open();
  const client = await connect(world, '2025', await world.token(['mine=read']));
  await expect(client.subscribeResource({ uri: 'holdfast://mine/users' })).rejects.toThrow(
    /right to watch/,
  );
});

test('a session belongs to the token that began it, its workers’ tokens apart', async () => {
  const world = await World.open();
  const token = await world.token(['mine=read,write,watch']);
  const begun = await post(world, token);
  const session = begun.headers.get('mcp-session-id') ?? '';
  expect(session).toMatch(/^[0-9a-f]{48}$/);
  await begun.body?.cancel();
  const worker = await mintWorkerToken(token, {
    app: 'mine',
    request: 'r',
    grants: [{ scope: 'users', rights: ['read'] }],
    ttlMs: 60_000,
  });
  const other = await world.token(['mine=read,write,watch'], { name: 'other' });
  const headers = { 'mcp-session-id': session, accept: 'text/event-stream' };
  for (const stranger of [worker, other]) {
    const answer = await world.fetch('/mcp/mine', stranger, { headers });
    expect(answer.status).toBe(404);
  }
  const own = await world.fetch('/mcp/mine', token, { headers });
  expect(own.status).toBe(200);
  await own.body?.cancel();
  const closed = await world.fetch('/mcp/mine', token, { method: 'DELETE', headers });
  expect(closed.ok).toBe(true);
  expect((await world.fetch('/mcp/mine', token, { headers })).status).toBe(404);
});

test('sessions count as watches of their token', async () => {
  const world = await World.open();
  const token = await world.token(['mine=read,watch'], { limits: { watches: 2 } });
  const statuses: number[] = [];
  for (let index = 0; index < 3; index += 1) {
    const answer = await post(world, token);
    statuses.push(answer.status);
    await answer.body?.cancel();
  }
  expect(statuses).toEqual([200, 200, 503]);
});

test('no page, no strange name and no stranger gets in', async () => {
  const world = await World.open();
  const token = await world.token(['mine=read']);
  expect((await post(world, undefined)).status).toBe(401);
  expect((await post(world, token, { origin: 'https://evil.example' })).status).toBe(403);
  expect((await post(world, token, { origin: world.server.url })).status).toBe(200);
});

test('it can be read only, or not there', async () => {
  const reading = await World.open({ mcp: { readOnly: true } });
  const client = await connect(reading, '2026', await reading.token(['mine=read,write']));
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).not.toContain('set');
  const none = await World.open({ mcp: false });
  expect((await post(none, await none.token(['mine=read']))).status).toBe(404);
});

test('where sessions are left out, 2025 clients do everything but subscribe', async () => {
  const world = await World.open({ mcp: { sessionsMax: 0 } });
  const client = await connect(world, '2025', await world.token(['mine=read,write,watch']));
  expect(await call(client, 'scopes', {})).toMatchObject({ scopes: expect.any(Array) as unknown });
  await expect(client.subscribeResource({ uri: 'holdfast://mine/users' })).rejects.toThrow();
});

test('a server that drains waits for no subscriber', async () => {
  const world = await World.open();
  const client = await connect(world, '2025', await world.token(['mine=read,watch']));
  await listening(client, '2025', 'holdfast://mine/users');
  const modern = await connect(world, '2026', await world.token(['mine=read,watch']));
  await listening(modern, '2026', 'holdfast://mine/users');
  await world.server.drain();
  await expect(client.listTools()).rejects.toThrow();
});
