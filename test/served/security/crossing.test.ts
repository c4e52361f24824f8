/**
 * Every frame and every route, asked with a token of another app, for another's keys, and by names
 * that were made to slip by: nothing is given, and nothing is changed.
 */
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { decodeAnswer, encodeRequest, unpackFrames } from '../../../src/protocol/index.ts';
import type { Answer } from '../../../src/protocol/index.ts';
import { requestsOn } from './frames.ts';
import type { Target } from './frames.ts';
import { RawSocket, bytesOf } from './raw-socket.ts';
import { World } from './world.ts';

const grants = ['mine:users=read,write,watch'];

/** What is asked about no scope or app, and so answered with what the token may see. */
const general = new Set(['head', 'scopes', 'watch of all', 'ask apps', 'ask stats', 'members']);
const followUps = new Set(['pull', 'stop', 'message', 'close']);
/** What needs the app alone, on the app that the token is for. */
const ofOwnApp = new Set([...general, 'heartbeat', 'ask incarnations', 'open']);

const targets: Record<string, Target> = {
  'another app': { app: 'other', scope: 'users', key: 'ada' },
  'an app with a like name': { app: 'mine2', scope: 'users', key: 'ada' },
  'another scope': { app: 'mine', scope: 'session', key: 'k' },
  'a scope with a like name': { app: 'mine', scope: 'users2', key: 'k' },
  'a path out of the scope': { app: 'mine', scope: 'users/../session', key: 'k' },
  'an encoded separator': { app: 'mine', scope: 'users%2F..%2Fsession', key: 'k' },
  'a pattern': { app: 'mine', scope: '*', key: 'k' },
  'a layer’s rows of another scope': { app: 'mine', scope: '$list/secret', key: 'k' },
  'the server’s own scope': { app: 'mine', scope: '$sys', key: 'tokens' },
  'the server’s own ledger': { app: '$sys', scope: 'tokens', key: 'k' },
  'the ledger’s own scope': { app: 'mine', scope: '$ledger/values', key: 'k' },
};

async function answersTo(world: World, token: string, name: string, target: Target) {
  const raw = await RawSocket.open(world.server.url);
  await raw.greet(token);
  const answers: Answer[] = [];
  raw.socket.on('message', (data: Uint8Array) => {
    answers.push(...unpackFrames(data).map(decodeAnswer));
  });
  const request = requestsOn(target)[name]!;
  raw.frame(encodeRequest(request));
  if (request.kind === 'watch')
    raw.frame(encodeRequest({ kind: 'pull', id: request.id, count: 1 }));
  // Answers leave in order of their ends; what follows up is answered by nothing.
  raw.frame(encodeRequest({ kind: 'ping', id: 999 }));
  const enough = followUps.has(name) ? 1 : 2;
  if (!general.has(name)) await expect.poll(() => answers.length).toBeGreaterThanOrEqual(enough);
  else await expect.poll(() => answers.length).toBeGreaterThan(0);
  raw.socket.terminate();
  return answers.filter(({ id }) => id !== 999);
}

describe.each(Object.entries(targets))('%s', (_, target) => {
  test('is given to no frame', async () => {
    const world = await World.open();
    const token = await world.token(grants);
    const before = await world.local.app('mine').ledger.head();
    for (const name of Object.keys(requestsOn(target))) {
      const answers = await answersTo(world, token, name, target);
      // What was asked for may be named in the refusal.
      const told = JSON.stringify(answers).replaceAll(target.scope, '');
      expect(told).not.toContain('secret');
      if (followUps.has(name)) expect([name, answers]).toEqual([name, []]);
      const mayPass = target.app === 'mine' ? ofOwnApp : new Set(['ask apps', 'ask stats']);
      if (followUps.has(name) || mayPass.has(name)) continue;
      const codes = answers.map((answer) => ('error' in answer ? answer.error?.code : answer.kind));
      expect([name, codes]).toEqual([
        name,
        [expect.stringMatching(/^(forbidden|invalid_name|unsupported)$/)],
      ]);
    }
    const after = await world.local.app('mine').ledger.head();
    expect(after.position).toEqual(before.position);
  });
});

test('a token of another app opens no route', async () => {
  const world = await World.open();
  const token = await world.token(['elsewhere=read,write,watch,admin']);
  const document = (await (await world.fetch('/openapi.json')).json()) as {
    paths: Record<string, Record<string, { security?: unknown[] }>>;
  };
  let asked = 0;
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, { security }] of Object.entries(operations)) {
      if (security !== undefined || !path.includes('{app}')) continue;
      const filled = path
        .replace('{app}', 'mine')
        .replace('{scope}', 'users')
        .replaceAll(/\{\w+\}/g, 'ada');
      const hasBody = ['put', 'post', 'patch'].includes(method);
      const response = await world.fetch(filled, token, {
        method: method.toUpperCase(),
        ...(hasBody ? { body: '{}', headers: { 'content-type': 'application/json' } } : {}),
      });
      // A body that is none may be refused before anybody asks whose app it is.
      expect([method, path, response.status]).toEqual([
        method,
        path,
        expect.toBeOneOf(hasBody ? [400, 403] : [403]),
      ]);
      expect(await response.text()).not.toMatch(/"value"|secret/);
      asked += 1;
    }
  }
  expect(asked).toBeGreaterThan(8);
  expect(await world.local.app('mine').scope('users').get('ada')).toBe('mine');
});

test('a name that was rebound gets nothing from any route, nor a socket', async () => {
  const world = await World.open();
  const token = await world.token(['*=admin,read,write,watch']);
  const document = (await (await world.fetch('/openapi.json')).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const { port } = new URL(world.server.url);
  const ask = (head: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.once('error', reject);
      socket.once('data', (data) => {
        socket.destroy();
        resolve(data.toString().split(' ')[1] ?? '');
      });
      socket.write(`${head}\r\nHost: evil.example\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    });
  for (const path of Object.keys(document.paths)) {
    const filled = path.replaceAll(/\{\w+\}/g, 'mine');
    expect([path, await ask(`GET ${filled} HTTP/1.1`)]).toEqual([path, '403']);
  }
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13';
  const key = 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: holdfast';
  expect(await ask(`GET /v1/socket HTTP/1.1\r\n${upgrade}\r\n${key}`)).toBe('403');
});

test('a value that is deep, large or no JSON fails its own request, and only that', async () => {
  const world = await World.open({ limits: { payloadBytes: 4 * 1024 * 1024 } });
  const token = await world.token(grants);
  const raw = await RawSocket.open(world.server.url);
  await raw.greet(token);
  const answers: Answer[] = [];
  raw.socket.on('message', (data: Uint8Array) => {
    answers.push(...unpackFrames(data).map(decodeAnswer));
  });
  const values = [
    `${'['.repeat(200_000)}${']'.repeat(200_000)}`,
    `"${'x'.repeat(2 * 1024 * 1024)}"`,
    '{"a":',
    '9007199254740993',
    '{"__proto__":{"admin":true}}',
    '"\\ud800"',
  ];
  for (const [index, value] of values.entries()) {
    const set = '{"kind":"set","scope":"users","key":"x","value":0}';
    const head = `"kind":"call","id":${index + 1},"app":"mine","method":"commit"`;
    const table = `"values":[["t",${value.length}]]`;
    raw.frame(bytesOf(`{${head},"args":{"proposal":{"mutations":[${set}]}},${table}}\n${value}`));
  }
  await expect.poll(() => answers.length).toBe(values.length);
  expect(answers.map(({ kind }) => kind)).toEqual(values.map(() => 'error'));
  expect(await world.local.app('mine').scope('users').get('x')).toBeUndefined();
  raw.socket.terminate();
});

test('a message that trickles in, and a client that hears nothing, are cut off', async () => {
  const world = await World.open({ keepAliveMs: 100 });
  const token = await world.token(grants);
  const raw = await RawSocket.open(world.server.url, { autoPong: false });
  await raw.greet(token);
  // The first bytes of a masked message that never goes on.
  const { _socket: tcp } = raw.socket as unknown as { _socket: { write(bytes: Uint8Array): void } };
  tcp.write(Uint8Array.of(0x82, 0xfe, 0x10));
  expect(await raw.ended).toBe(1006);
});

test('a body that trickles in is cut off', async () => {
  const world = await World.open({ helloTimeoutMs: 300 });
  const token = await world.token(grants);
  const socket = connect(Number(new URL(world.server.url).port), '127.0.0.1');
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined).resume();
  const path = '/v1/apps/mine/scopes/users/entries/slow';
  const head = `PUT ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n`;
  socket.write(`${head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`);
  await ended;
  expect(await world.local.app('mine').scope('users').get('slow')).toBeUndefined();
});

describe('the connections of a client', () => {
  const instance = 'one-client'.padEnd(32, 'x');

  async function greeted(world: World, token: string, connection: number): Promise<RawSocket> {
    const raw = await RawSocket.open(world.server.url);
    await raw.greet(token, { instance, connection });
    return raw;
  }

  test('are let in once each, and none below another', async () => {
    const world = await World.open();
    const token = await world.token(grants);
    const second = await greeted(world, token, 2);
    expect(await (await greeted(world, token, 2)).ended).toBe(4409);
    expect(await (await greeted(world, token, 1)).ended).toBe(4409);
    const third = await greeted(world, token, 3);
    expect(await second.ended).toBe(4409);
    third.socket.terminate();
    await third.ended;
    // That it is gone makes its number no new one.
    expect(await (await greeted(world, token, 3)).ended).toBe(4409);
  });

  test('end when a later one comes: what had not begun never begins', async () => {
    const world = await World.open();
    const token = await world.token(grants);
    const first = await greeted(world, token, 1);
    const ref = { scope: 'users', key: 'late' };
    const proposal = { mutations: [{ kind: 'set', ...ref, value: 1 }] } as const;
    await greeted(world, token, 2);
    first.frame(
      encodeRequest({ kind: 'call', id: 1, app: 'mine', method: 'commit', args: { proposal } }),
    );
    expect(await first.ended).toBe(4409);
    expect(await world.local.app('mine').scope('users').get('late')).toBeUndefined();
  });

  test('of another token are others, whatever they call themselves', async () => {
    const world = await World.open();
    const one = await greeted(world, await world.token(grants), 5);
    const other = await greeted(world, await world.token(grants), 1);
    const open = [one, other].map(({ socket }) => socket.readyState);
    expect(open).toEqual([one.socket.OPEN, other.socket.OPEN]);
    for (const { socket } of [one, other]) socket.terminate();
  });
});
