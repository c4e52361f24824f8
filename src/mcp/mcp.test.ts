import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { InMemoryTransport } from '@modelcontextprotocol/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { open } from '../index.ts';
import type { App } from '../index.ts';
import { ManualClock } from '../testing/index.ts';
import { mcpHandler, serveMcp } from './index.ts';
import type { McpHandlerOptions, McpOptions } from './index.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

type Way = 'http, 2026' | 'http, 2025' | 'stdio, 2026' | 'stdio, 2025';
const ways: readonly Way[] = ['http, 2026', 'http, 2025', 'stdio, 2026', 'stdio, 2025'];

interface Connected {
  readonly app: App;
  readonly client: Client;
  /** Calls a tool and gives its structured answer. */
  call(name: string, args: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** Calls a tool that should fail and gives its text. */
  fail(name: string, args: Record<string, unknown>): Promise<string>;
}

async function connect(way: Way, options: McpOptions = {}): Promise<Connected> {
  const store = await open('memory:');
  closers.push(() => store.close());
  const app = store.app('shop');
  const mode = way.endsWith('2026') ? ({ pin: '2026-07-28' } as const) : 'legacy';
  const client = new Client({ name: 'test', version: '0' }, { versionNegotiation: { mode } });
  if (way.startsWith('http')) {
    const handler = mcpHandler(app.ledger, options);
    closers.push(() => handler.close());
    const url = new URL('http://localhost/mcp');
    const fetch = (to: string | URL, init?: RequestInit): Promise<Response> =>
      handler.fetch(new Request(to, init));
    await client.connect(new StreamableHTTPClientTransport(url, { fetch }));
  } else {
    const [near, far] = InMemoryTransport.createLinkedPair();
    const connection = serveMcp(app.ledger, { ...options, transport: far });
    closers.push(() => connection.close());
    await client.connect(near);
  }
  closers.push(() => client.close());
  const answer = (name: string, args: Record<string, unknown>) =>
    client.callTool({ name, arguments: args });
  return {
    app,
    client,
    async call(name, args) {
      const result = await answer(name, args);
      if (result.isError === true) throw new Error(JSON.stringify(result.content));
      return result.structuredContent as Record<string, unknown>;
    },
    async fail(name, args) {
      const { isError, content } = await answer(name, args);
      expect(isError).toBe(true);
      return (content as { text: string }[])[0]!.text;
    },
  };
}

describe.each(ways)('MCP over %s', (way) => {
  test('tools write, read and delete, and say what a condition met', async () => {
    const { call, app } = await connect(way);
    const first = await call('set', { scope: 'users', key: 'ada', value: { n: 1 } });
    expect(first).toMatchObject({ applied: true, change: 'created' });
    const { version } = await call('update', {
      scope: 'users',
      key: 'ada',
      operations: [{ op: 'increment', path: '/n', by: 2 }],
      ifVersion: first['version'],
    });
    const stale = { scope: 'users', key: 'ada', value: 0, ifVersion: first['version'] };
    expect(await call('set', stale)).toEqual({ applied: false, version });
    const got = await call('get', { scope: 'users', keys: ['ada', 'bob'] });
    expect(got).toMatchObject({
      entries: [{ key: 'ada', version, value: { n: 3 } }],
      missing: ['bob'],
    });
    expect(await call('delete', { scope: 'users', key: 'ada' })).toMatchObject({
      change: 'deleted',
    });
    expect(await app.scope('users').has('ada')).toBe(false);
  });

  test('bytes, expiry, pages and scopes come through', async () => {
    const { call } = await connect(way);
    await call('set', { scope: 'b', key: 'raw', base64: 'AAEC', ttlMs: 60_000 });
    for (const key of ['k1', 'k2', 'k3']) await call('set', { scope: 'a', key, value: key });
    const { entries } = await call('get', { scope: 'b', keys: ['raw'] });
    expect(entries).toMatchObject([{ base64: 'AAEC', expiresAt: expect.any(String) as unknown }]);
    const page = await call('list', { scope: 'a', limit: 2, keysOnly: true });
    expect((page['entries'] as { key: string }[]).map(({ key }) => key)).toEqual(['k1', 'k2']);
    const rest = await call('list', { scope: 'a', limit: 2, cursor: page['cursor'] });
    expect(rest['entries']).toMatchObject([{ key: 'k3', value: 'k3' }]);
    const { scopes } = await call('scopes', {});
    expect(scopes).toMatchObject([
      { scope: 'a', entries: 3 },
      { scope: 'b', entries: 1 },
    ]);
  });

  test('transact is all or nothing; history tells it', async () => {
    const { call, app } = await connect(way);
    await app.scope('s').setMany({ a: 1, b: 1 });
    const refused = await call('transact', {
      writes: [
        { kind: 'set', scope: 's', key: 'a', value: 2 },
        { kind: 'check', scope: 's', key: 'b', ifVersion: 0 },
      ],
    });
    expect(refused).toEqual({ applied: false, conflicts: [{ scope: 's', key: 'b', version: 1 }] });
    const done = await call('transact', {
      writes: [
        { kind: 'update', scope: 's', key: 'a', operations: [{ op: 'increment' }], ifVersion: 1 },
        { kind: 'delete', scope: 's', key: 'b' },
      ],
    });
    expect(done).toMatchObject({ applied: true, results: [{ version: 2 }, { change: 'deleted' }] });
    const all = await call('history', { scope: 's' });
    expect(all).toMatchObject({ complete: true });
    const told = (all['changes'] as { key: string; kind: string }[]).map(
      ({ key, kind }) => `${kind} ${key}`,
    );
    expect(told).toEqual(['created a', 'created b', 'updated a', 'deleted b']);
    const last = await call('history', { scope: 's', key: 'a', limit: 1 });
    expect(last).toMatchObject({ complete: false, changes: [{ kind: 'updated', value: 2 }] });
  });

  test('what goes wrong says what to do, and changes nothing', async () => {
    const { fail, app } = await connect(way);
    await app.scope('s').set('text', 'x');
    const mistaken = { scope: 's', key: 'text', operations: [{ op: 'increment' }] };
    expect(await fail('update', mistaken)).toMatch(/^operation_failed: .*\n.*change it first/);
    expect(await fail('set', { scope: 's', key: 'k' })).toMatch(/^invalid_argument: give a value/);
    expect(await fail('set', { scope: '$list/s', key: 'k', value: 1 })).toMatch(/^invalid_name/);
    expect(await fail('get', { scope: '$sys', keys: ['k'] })).toMatch(/^invalid_name/);
    expect(await fail('history', { scope: '$ledger/pins' })).toMatch(/^invalid_name/);
    expect(await app.scope('s').entry('text')).toMatchObject({ value: 'x', version: 1 });
  });

  test('a resource tells its subscriber when it changes', async () => {
    const { client, app } = await connect(way);
    const uri = 'holdfast://shop/users/a%2Fb%20%C3%A9';
    const heard = vi.fn();
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
      heard(params.uri);
    });
    if (way.endsWith('2026')) await client.listen({ resourceSubscriptions: [uri] });
    else await client.subscribeResource({ uri });
    // The watch begins a moment after the answer: write until it is heard.
    await vi.waitFor(
      async () => {
        await app.scope('users').set('other', 1);
        await app.scope('users').set('a/b é', { n: 1 });
        expect(heard).toHaveBeenCalledWith(uri);
      },
      { timeout: 20_000 },
    );
    expect(new Set(heard.mock.calls.flat())).toEqual(new Set([uri]));
    const { contents } = await client.readResource({ uri });
    expect(contents).toMatchObject([{ uri, text: '{"n":1}', mimeType: 'application/json' }]);
  });

  test('resources list scopes; what is not there is not found', async () => {
    const { client, app } = await connect(way);
    await app.scope('users').set('ada', Uint8Array.of(1));
    const { resources } = await client.listResources();
    expect(resources).toMatchObject([{ uri: 'holdfast://shop/users', name: 'users' }]);
    const { contents } = await client.readResource({ uri: 'holdfast://shop/users/ada' });
    expect(contents).toMatchObject([{ blob: 'AQ==' }]);
    const scope = await client.readResource({ uri: 'holdfast://shop/users' });
    expect(scope.contents[0]).toMatchObject({ text: expect.stringContaining('"ada"') as unknown });
    for (const uri of [
      'holdfast://shop/users/bob',
      'holdfast://other/users/ada',
      'holdfast://shop/%24ledger%2Fpins/x',
      'holdfast://shop/users/%E0%A4%A/x',
    ]) {
      await expect(client.readResource({ uri })).rejects.toThrow();
    }
  });

  test('read only leaves out what writes', async () => {
    const { client } = await connect(way, { readOnly: true });
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual(['get', 'history', 'list', 'scopes']);
    expect(tools.every(({ annotations }) => annotations?.readOnlyHint)).toBe(true);
  });
});

describe('sessions of the 2025 protocol over HTTP', () => {
  interface Sessions {
    readonly clock: ManualClock;
    /** Begins a session and gives its id. */
    begin(): Promise<string>;
    status(session: string, method?: 'GET' | 'DELETE'): Promise<number>;
  }

  async function serving(options: McpHandlerOptions): Promise<Sessions> {
    const clock = new ManualClock();
    const store = await open('memory:', { clock });
    closers.push(() => store.close());
    const handler = mcpHandler(store.app('shop').ledger, { clock, ...options });
    closers.push(() => handler.close());
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    };
    const params = {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 't', version: '0' },
    };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
    const url = 'http://localhost/mcp';
    return {
      clock,
      async begin() {
        const answer = await handler.fetch(new Request(url, { method: 'POST', headers, body }));
        await answer.body?.cancel();
        return answer.headers.get('mcp-session-id') ?? '';
      },
      async status(session, method = 'GET') {
        const own = { ...headers, 'mcp-session-id': session };
        const answer = await handler.fetch(new Request(url, { method, headers: own }));
        await answer.body?.cancel();
        return answer.status;
      },
    };
  }

  test('end when they are idle', async () => {
    const { begin, status, clock } = await serving({ sessionIdleMs: 1000 });
    const session = await begin();
    await clock.pass(900);
    expect(await status(session)).toBe(200);
    await clock.pass(900);
    expect(await status(session)).toBe(200);
    await clock.pass(1000);
    expect(await status(session)).toBe(404);
  });

  test('make room for new ones, the longest idle first', async () => {
    const { begin, status } = await serving({ sessionsMax: 2 });
    const [first, second] = [await begin(), await begin()];
    expect(await status(first)).toBe(200);
    const third = await begin();
    expect(await Promise.all([first, second, third].map((one) => status(one)))).toEqual([
      200, 404, 200,
    ]);
  });

  test('are not begun by what the 2026 protocol no longer has', async () => {
    const store = await open('memory:');
    closers.push(() => store.close());
    const handler = mcpHandler(store.app('shop').ledger);
    closers.push(() => handler.close());
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 't', version: '0' },
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const answer = await handler.fetch(
      new Request('http://localhost/mcp', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': 'initialize',
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'initialize',
          params: { _meta: meta },
        }),
      }),
    );
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ error: { code: -32_601 } });
  });

  test('end when their client says so', async () => {
    const { begin, status } = await serving({});
    const session = await begin();
    expect(await status(session, 'DELETE')).toBe(200);
    expect(await status(session)).toBe(404);
  });
});
