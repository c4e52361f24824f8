/** A worker with a token for one request reaches the context of that request, and nothing else. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { isHoldfastError, mintWorkerToken, openRequest } from '../../../src/client/index.ts';
import type { ClientOptions, RemoteSource, ServedRequest } from '../../../src/client/index.ts';
import { collect } from '../../../src/testing/layer-world.ts';
import { World } from './world.ts';

const forbidden = { code: 'forbidden' };
/** A kilobyte of UTF-8, to the byte. */
const longKey = `${'é'.repeat(511)}xy`;

/** Ids and keys made to lead somewhere else, if anything did. */
const nasty = [
  'app_state',
  'app',
  'state',
  '../app',
  '..',
  '.',
  '/',
  'r1/x',
  '%2e%2e%2fapp',
  '%2e',
  '%00',
  '$context/app',
  '$context/request/r1',
  '$ledger/pins',
  'request/r1',
  'other:state',
  '__proto__',
  'users',
  'é'.repeat(115),
];

async function tokenOf(world: World, request: string, grant = 'mine=read,write,watch') {
  return mintWorkerToken(await world.token([grant]), { app: 'mine', request, ttlMs: 60_000 });
}

async function workerOf(
  world: World,
  request: string,
  options: ClientOptions = {},
): Promise<ServedRequest> {
  const token = await tokenOf(world, request);
  const worker = await openRequest(world.server.url, { ...options, token });
  onTestFinished(() => worker.close());
  return worker;
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'it came back';
  } catch (error) {
    return isHoldfastError(error) ? error.code : String(error);
  }
}

describe('a worker of a request, over a WebSocket', () => {
  test('ids and keys made to collide never do', async () => {
    const world = await World.open();
    const keys = [...nasty, longKey];
    for (const id of nasty) {
      const ctx = await workerOf(world, id);
      await Promise.all(keys.map((key) => ctx.state.set(key, `${id} ${key}`)));
      await ctx.appState.set(`by ${id}`, id);
      await ctx.close();
    }
    const local = world.local.app('mine');
    for (const id of nasty) {
      const ctx = await workerOf(world, id);
      expect(await ctx.state.count()).toBe(keys.length);
      expect(await ctx.state.getMany(keys)).toEqual(keys.map((key) => `${id} ${key}`));
      expect(await local.request(id).state.get(longKey)).toBe(`${id} ${longKey}`);
      expect(await ctx.appState.getMany(nasty.map((one) => `by ${one}`))).toEqual(nasty);
      await ctx.close();
    }
    expect(await collect(local.request('another').state.keys())).toEqual([]);
    expect(await local.scope('users').get('ada')).toBe('mine');
    const ctx = await workerOf(world, 'r1');
    for (const key of ['', `${longKey}z`, 'a\0b', '\ud800']) {
      await expect(ctx.state.set(key, 1)).rejects.toMatchObject({ code: 'invalid_name' });
      await expect(ctx.appState.get(key, 'd')).rejects.toMatchObject({ code: 'invalid_name' });
    }
  });

  test('whatever else it names, it gets nothing', async () => {
    const world = await World.open();
    const local = world.local.app('mine');
    for (const id of nasty) await local.request(id).state.set('k', 'secret');
    // What its rights are named after is out of its reach too.
    for (const name of ['app', 'state', 'request/r1']) {
      await local.scope(name).set('k', 'secret');
      await local.list(name).append('secret');
    }
    const store = await world.client(await tokenOf(world, 'r1'));
    const app = store.app('mine');
    const refused = /^(invalid_name|unsupported|forbidden)$/;
    for (const id of nasty) {
      const { state } = app.request(id);
      expect(await failureOf(state.get('k', 'default'))).toMatch(refused);
      expect(await failureOf(state.set('k', 1))).toMatch(refused);
    }
    for (const name of ['users', 'request/r1', 'secret', 'session/1']) {
      expect(await failureOf(app.scope(name).get('k', 'default'))).toMatch(refused);
      expect(await failureOf(app.scope(name).set('k', 1))).toMatch(refused);
    }
    for (const name of ['app', 'state', 'request/r1', 'users']) {
      expect(await failureOf(app.list(name).range())).toMatch(refused);
    }
    // These two are the context's names, and the app's own scopes of that name are not meant.
    expect(await app.scope('app').get('k', 'nothing')).toBe('nothing');
    expect(await app.scope('state').get('k', 'nothing')).toBe('nothing');
    expect(await failureOf(app.runs('flow').open('r'))).toMatch(refused);
    expect(await failureOf(store.app('other').scope('state').get('k', 'd'))).toBe('forbidden');
    expect(await failureOf(store.app('mine2').scope('state').get('k', 'd'))).toBe('forbidden');
    expect(await collect(app.scopes())).toEqual([]);
    expect(await (store.source as RemoteSource).names()).toEqual(['mine']);
  });

  test('a token says what it was signed for, and never more than its parent', async () => {
    const world = await World.open();
    const token = await tokenOf(world, 'r1');
    const [header, payload = '', signature] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    for (const change of [{ req: 'r2' }, { app: 'other' }, { grants: [] }, { exp: 2 ** 40 }]) {
      const changed = Buffer.from(JSON.stringify({ ...claims, ...change })).toString('base64url');
      const forged = [header, changed, signature].join('.');
      await expect(world.client(forged)).rejects.toMatchObject({ code: 'unauthenticated' });
    }
    const narrow = await tokenOf(world, 'r1', 'mine:request/r1=read');
    const reader = await openRequest(world.server.url, { token: narrow });
    expect(await reader.state.get('k', 'none')).toBe('none');
    await expect(reader.state.set('k', 1)).rejects.toMatchObject(forbidden);
    await expect(reader.appState.get('k', 'none')).rejects.toMatchObject(forbidden);
    await reader.close();
    for (const request of ['', 'r*', 'x'.repeat(231), 'a\0b']) {
      const minted = await tokenOf(world, request);
      await expect(world.client(minted)).rejects.toMatchObject({ code: 'unauthenticated' });
    }
    const plain = await world.token(['mine=read']);
    await expect(openRequest(world.server.url, { token: plain })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });

  test('it reaches nothing of what extensions add', async () => {
    const opened: string[] = [];
    const world = await World.open({
      extensions: [
        {
          name: 'peek/1',
          open: (channel, { app }) => {
            opened.push(app);
            channel.close();
          },
          http: { path: 'peek', handle: async () => new Response('secret') },
        },
      ],
    });
    const token = await tokenOf(world, 'r1');
    const store = await world.client(token, { extensions: ['peek/1'] });
    const channel = (store.source as RemoteSource).channel('mine', 'peek/1', {});
    expect(await failureOf(channel.then((one) => one[Symbol.asyncIterator]().next()))).toBe(
      'forbidden',
    );
    expect(opened).toEqual([]);
    expect((await world.fetch('/v1/apps/mine/peek', token)).status).toBe(403);
  });

  test('a watch shows it its own changes, a commit is stamped with its request', async () => {
    const world = await World.open();
    const ctx = await workerOf(world, 'r1');
    const watch = ctx.state.watch({ key: 'k', snapshot: true });
    await watch.next();
    const local = world.local.app('mine');
    const { position } = await local.ledger.head();
    await local.request('r2').state.set('k', 'theirs');
    await local.request('r1').state.set('k', 'own');
    expect(await watch.next()).toMatchObject({ value: { changes: [{ key: 'k', value: 'own' }] } });
    await ctx.state.set('l', 1);
    const page = await local.ledger.log(position);
    const commits = page.kind === 'commits' ? page.commits : [];
    expect(commits.at(-1)?.cause).toEqual({ kind: 'request', id: 'r1' });
    await ctx.end();
    expect((await local.request('r1').state.entry('k'))?.expiresAt).toEqual(expect.any(Number));
  });
});

describe('a worker of a request, over HTTP', () => {
  const headers = { 'content-type': 'application/json' };
  const at = (scope: string, key: string, app = 'mine') =>
    `/v1/apps/${app}/scopes/${encodeURIComponent(scope)}/entries/${encodeURIComponent(key)}`;

  test('it says keys, and they are those of its request', async () => {
    const world = await World.open();
    const local = world.local.app('mine');
    // `.` and `..` cannot stand in a URL.
    const ids = nasty.filter((id) => !/^\.+$/.test(id));
    const keys = [...ids, longKey];
    for (const id of ids) {
      const token = await tokenOf(world, id);
      for (const key of keys) {
        const body = JSON.stringify(`${id} ${key}`);
        const put = await world.fetch(at('state', key), token, { method: 'PUT', headers, body });
        expect([key, put.status]).toEqual([key, 201]);
      }
      await world.fetch(at('app', `by ${id}`), token, { method: 'PUT', headers, body: '1' });
    }
    for (const id of ids) {
      const token = await tokenOf(world, id);
      for (const key of keys) {
        const got = await world.fetch(at('state', key), token);
        expect(await got.json()).toBe(`${id} ${key}`);
        expect(await local.request(id).state.get(key)).toBe(`${id} ${key}`);
      }
      expect((await world.fetch(at('app', 'by users'), token)).status).toBe(200);
      expect(await local.request(id).state.count()).toBe(keys.length);
    }
  });

  test('whatever else it names, it gets nothing', async () => {
    const world = await World.open();
    const local = world.local.app('mine');
    await local.request('r2').state.set('k', 'secret');
    const token = await tokenOf(world, 'r1');
    const scopes = ['users', 'secret', '$context/request/r2', '$context/app', 'request/r1'];
    const paths = [
      ...scopes.map((scope) => at(scope, 'k')),
      ...scopes.map((scope) => `/v1/apps/mine/scopes/${encodeURIComponent(scope)}/entries`),
      at('state', 'k', 'other'),
      at('state/../users', 'ada'),
      at('%2e%2e', 'ada'),
      '/v1/apps/mine/scopes/state/entries/../../users/entries/ada',
      '/v1/apps/mine/scopes/state/entries/%2e%2e/%2e%2e/users/entries/ada',
      '/v1/apps/mine/scopes/state/entries/..%2f..%2fusers%2fentries%2fada',
      '/v1/apps/mine/log',
      '/v1/apps/mine/log?scope=users',
      '/v1/apps/mine/watch?scope=users',
    ];
    for (const path of paths) {
      const answer = await world.fetch(path, token);
      const text = await answer.text();
      expect([path, answer.status]).toEqual([path, expect.toSatisfy((n) => n >= 400 && n < 500)]);
      expect(text).not.toMatch(/"(mine|secret)"/);
    }
  });
});

/** What `ctx.app_state` of other systems promises. */
describe('app state in a worker', () => {
  test('set, then get', async () => {
    const ctx = await workerOf(await World.open(), 'r1');
    await ctx.appState.set('model', { name: 'large' });
    expect(await ctx.appState.get('model')).toEqual({ name: 'large' });
  });

  test('read downstream, in the same request', async () => {
    const world = await World.open();
    await (await workerOf(world, 'r1')).appState.set('k', 1);
    expect(await (await workerOf(world, 'r1')).appState.get('k')).toBe(1);
  });

  test('two requests see each other’s writes', async () => {
    const world = await World.open();
    const [one, two] = [await workerOf(world, 'r1'), await workerOf(world, 'r2')];
    await one.appState.set('by one', 1);
    await two.appState.set('by two', 2);
    expect(await two.appState.get('by one')).toBe(1);
    expect(await one.appState.get('by two')).toBe(2);
  });

  test('a later request overwrites an earlier', async () => {
    const world = await World.open();
    await (await workerOf(world, 'r1')).appState.set('k', 'earlier');
    await (await workerOf(world, 'r2')).appState.set('k', 'later');
    expect(await (await workerOf(world, 'r1')).appState.get('k')).toBe('later');
  });

  test('a default where nothing is', async () => {
    const ctx = await workerOf(await World.open(), 'r1');
    expect(await ctx.appState.get('missing', 7)).toBe(7);
    await ctx.appState.set('null', null);
    expect(await ctx.appState.get('null', 7)).toBe(null);
  });

  test('undefined where nothing is and no default', async () => {
    const ctx = await workerOf(await World.open(), 'r1');
    expect(await ctx.appState.get('missing')).toBe(undefined);
  });

  test('a server that is away is an error, never the default', async () => {
    const world = await World.open();
    const ctx = await workerOf(world, 'r1', { timeoutMs: 300, backoffMs: 10 });
    await ctx.appState.set('k', 1);
    await world.server.close();
    const away = /^(unavailable|timeout)$/;
    expect(await failureOf(ctx.appState.get('k', 'default'))).toMatch(away);
    expect(await failureOf(ctx.state.get('k', 'default'))).toMatch(away);
    expect(await failureOf(ctx.state.has('k'))).toMatch(away);
    expect(await failureOf(ctx.state.count())).toMatch(away);
  });
});
