/** What a stranger, or a client that means harm, sends: refused, and nothing else happens. */
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { open as openClient } from '../../../src/client/index.ts';
import { open } from '../../../src/index.ts';
import { packFrames } from '../../../src/protocol/index.ts';
import { serve } from '../../../src/server/index.ts';
import { RawSocket, bytesOf } from './raw-socket.ts';
import { World } from './world.ts';

describe('frames', () => {
  const garbage: Record<string, Uint8Array> = {
    'no package': Uint8Array.of(1, 2, 3),
    'an empty package': new Uint8Array(),
    'a length beyond the package': Uint8Array.of(255, 255, 255, 255, 1),
    'no header': packFrames([Uint8Array.of(0, 1, 2)]),
    'no id': packFrames([bytesOf('{"kind":"call"}\n')]),
    'a deep header': packFrames([bytesOf(`${'['.repeat(100_000)}\n`)]),
    'slots that lie': packFrames([bytesOf('{"kind":"ping","id":1,"values":[["t",9]]}\n')]),
  };

  test.each(Object.entries(garbage))('%s ends the connection, and only that', async (_, bytes) => {
    const world = await World.open();
    const token = await world.token(['mine=read']);
    const raw = await RawSocket.open(world.server.url);
    await raw.greet(token);
    raw.socket.send(bytes);
    expect(await raw.ended).toBe(1002);
    expect(await (await world.client(token)).app('mine').scope('users').get('ada')).toBe('mine');
  });

  test.each(Object.entries(garbage))('%s before a hello ends the connection', async (_, bytes) => {
    const world = await World.open();
    const raw = await RawSocket.open(world.server.url);
    raw.socket.send(bytes);
    // What is far too long for a hello is not even answered.
    expect([1002, 1006]).toContain(await raw.ended);
  });

  test('a hello without, with a wrong or with a foreign token is refused', async () => {
    const world = await World.open();
    const token = await world.token(['mine=read']);
    const wrong = `${token.slice(0, -4)}AAAA`;
    for (const given of [undefined, '', 'hf_', wrong, `hf_${'0'.repeat(16)}_${'A'.repeat(43)}`]) {
      const raw = await RawSocket.open(world.server.url);
      await raw.greet(given);
      expect(await raw.ended).toBe(4401);
    }
  });

  test('whoever says nothing, or too much, before its hello is cut off', async () => {
    const world = await World.open({ helloTimeoutMs: 200 });
    const silent = await RawSocket.open(world.server.url);
    const loud = await RawSocket.open(world.server.url);
    loud.socket.send(new Uint8Array(1_000_000));
    await Promise.all([silent.ended, loud.ended]);
    expect([silent.received, loud.received]).toEqual([0, 0]);
  });

  test('an id that is open, a text message and an oversize one end the connection', async () => {
    const world = await World.open({ limits: { payloadBytes: 100_000 } });
    const token = await world.token(['mine=read,watch']);
    const sends: ((raw: RawSocket) => void)[] = [
      (raw) => {
        const watch = bytesOf('{"kind":"watch","id":7,"app":"mine","options":{}}\n');
        raw.frame(watch, watch);
      },
      (raw) => raw.socket.send('{"kind":"ping","id":1}'),
      (raw) => raw.socket.send(new Uint8Array(200_000)),
    ];
    for (const send of sends) {
      const raw = await RawSocket.open(world.server.url);
      await raw.greet(token);
      send(raw);
      expect([1002, 1009]).toContain(await raw.ended);
    }
  });
});

test("a message above the token's own bytes ends its connection, and no other", async () => {
  const world = await World.open();
  const small = await world.token(['mine=read,write'], { limits: { payloadBytes: 10_000 } });
  const other = await RawSocket.open(world.server.url);
  await other.greet(await world.token(['mine=read']));
  const raw = await RawSocket.open(world.server.url);
  await raw.greet(small);
  raw.socket.send(new Uint8Array(20_000));
  expect(await raw.ended).toBe(1009);
  expect(other.socket.readyState).toBe(other.socket.OPEN);
});

describe('HTTP', () => {
  test('every route but the public ones asks for a token', async () => {
    const world = await World.open();
    const document = (await (await world.fetch('/openapi.json')).json()) as {
      paths: Record<string, Record<string, { security?: unknown[] }>>;
    };
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const [method, { security }] of Object.entries(operations)) {
        const filled = path.replaceAll(/\{\w+\}/g, 'mine');
        const response = await world.fetch(filled, undefined, { method: method.toUpperCase() });
        expect([path, response.status === 401]).toEqual([path, security === undefined]);
      }
    }
    expect((await world.fetch('/metrics', await world.token(['mine=admin']))).status).toBe(403);
  });

  test.each([
    ['/v1/apps/other/scopes/users/entries/ada', 403],
    ['/v1/apps/mine/../other/scopes/users/entries/ada', 403],
    ['/v1/apps/mine%2F..%2Fother/scopes/users/entries/ada', 400],
    ['/v1/apps/mine/scopes/users%2F..%2Fsession/entries/k', 403],
    ['/v1/apps/mine/scopes/users%252F/entries/k', 403],
    ['/v1/apps/mine/scopes/%E0%A4%A/entries/k', 400],
    ['/v1/apps/mine/scopes/users/entries/%00', 400],
    ['/v1/apps/mine/scopes/$sys/entries/tokens', 403],
    ['/v1/apps/mine/scopes/session/entries/k', 403],
    ['/v1/apps/mine/scopes/users/entries?limit=1&limit=2', 400],
    ['/v1/apps/mine/scopes/users/entries?limit=99999999', 400],
    ['/v1/apps/mine/log?after=nonsense', 400],
    ['/v1/apps/mine/scopes//entries/k', 404],
  ])('%s answers %i', async (path, status) => {
    const world = await World.open();
    const token = await world.token(['mine:users=read,watch']);
    const response = await world.fetch(path, token);
    expect(response.status).toBe(status);
    expect(await response.text()).not.toContain('secret');
  });

  test.each([
    ['deep JSON', '['.repeat(200_000), 400],
    ['no JSON', '{', 400],
    ['an integer that JavaScript rounds', '9007199254740993', 400],
    ['a prototype', '{"__proto__":{"admin":true}}', 400],
    ['a lone surrogate', '"\\ud800"', 400],
    ['too much', `"${'x'.repeat(200_000)}"`, 413],
  ])('%s as a value is refused', async (_, body, status) => {
    const world = await World.open({ limits: { payloadBytes: 150_000 } });
    const token = await world.token(['mine:users=read,write']);
    const path = '/v1/apps/mine/scopes/users/entries/x';
    const headers = { 'content-type': 'application/json' };
    const response = await world.fetch(path, token, { method: 'PUT', body, headers });
    expect([status, 413]).toContain(response.status);
    expect((await world.fetch(path, token)).status).toBe(404);
  });

  test('a page of another origin, and a name that was rebound, get nothing', async () => {
    const local = await open('memory:');
    const server = await serve(local, { port: 0, processMetrics: false });
    try {
      const { port } = new URL(server.url);
      const ask = (headers: Record<string, string>) => rawStatus(Number(port), headers);
      expect(await ask({ Host: `localhost:${port}` })).toBe(200);
      expect(await ask({ Host: 'evil.example' })).toBe(403);
      expect(await ask({ Host: `127.0.0.1.evil.example:${port}` })).toBe(403);
      expect(await ask({ Host: `127.0.0.1:${port}`, Origin: 'https://evil.example' })).toBe(403);
      expect(await ask({ Host: `127.0.0.1:${port}`, Origin: 'null' })).toBe(403);
      const raw = new RawSocket(server.url, {
        headers: { Origin: 'https://evil.example' },
      });
      expect(await raw.ended).toBe(1006);
    } finally {
      await server.close();
      await local.close();
    }
  });

  test('a request that trickles in is cut off', async () => {
    const world = await World.open({ helloTimeoutMs: 300 });
    const { port } = new URL(world.server.url);
    const socket = connect(Number(port), '127.0.0.1');
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined).resume();
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n');
    await ended;
  });

  test('beyond loopback nobody is served without tokens', async () => {
    const local = await open('memory:');
    await expect(serve(local, { host: '0.0.0.0', port: 0 })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    await local.close();
  });

  test('once there was a token, that it is gone opens no door', async () => {
    const local = await open('memory:');
    const first = await serve(local, { port: 0, processMetrics: false });
    const { id } = await first.tokens.create({
      name: 'x',
      grants: [{ app: 'a', scope: '*', rights: ['read'] }],
    });
    await first.tokens.revoke(id);
    await first.close();
    const second = await serve(local, { port: 0, processMetrics: false });
    expect(second.auth).toBe('tokens');
    await expect(openClient(second.url)).rejects.toMatchObject({ code: 'unauthenticated' });
    await second.close();
    await local.close();
  });
});

function rawStatus(port: number, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.once('error', reject);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(Number(data.toString().split(' ')[1]));
    });
    socket.write(`GET /healthz HTTP/1.1\r\n${lines.join('')}\r\n`);
  });
}
