/** Nothing crosses a token's rights: every call, through every door, with names made to slip by. */
import { describe, expect, test } from 'vitest';
import { mintWorkerToken } from '../../../src/client/index.ts';
import type { Ledger, LedgerSource } from '../../../src/ledger/index.ts';
import { origin } from '../../../src/ledger/index.ts';
import { World } from './world.ts';

const forbidden: unknown = expect.objectContaining({ code: 'forbidden' });

async function refused(call: () => Promise<unknown>): Promise<void> {
  await expect(call()).rejects.toEqual(forbidden);
}

/** Every call of a ledger that names `scope`. */
function callsOn(ledger: Ledger, scope: string): Record<string, () => Promise<unknown>> {
  const ref = { scope, key: 'k' };
  const first = (pages: AsyncIterable<unknown>) => pages[Symbol.asyncIterator]().next();
  return {
    read: () => ledger.read([ref]),
    'read beside an allowed one': () => ledger.read([{ scope: 'users', key: 'ada' }, ref]),
    scan: () => ledger.scan({ scope }),
    'scan for keys': () => ledger.scan({ scope, keysOnly: true }),
    count: () => ledger.scope(scope),
    log: () => ledger.log(origin, { scope }),
    watch: () => first(ledger.watch({ scope })),
    set: () => ledger.commit({ mutations: [{ kind: 'set', ...ref, value: 1 }] }),
    delete: () => ledger.commit({ mutations: [{ kind: 'delete', ...ref }] }),
    touch: () => ledger.commit({ mutations: [{ kind: 'touch', ...ref, ttlMs: 5 }] }),
    update: () =>
      ledger.commit({ mutations: [{ kind: 'update', ...ref, operations: [{ op: 'increment' }] }] }),
    'version check': () => ledger.commit({ checks: [{ kind: 'version', ...ref, version: 0 }] }),
    'value check': () => ledger.commit({ checks: [{ kind: 'value', ...ref, value: 1 }] }),
    'scope check': () => ledger.commit({ checks: [{ kind: 'unchanged', scope, since: origin }] }),
    quota: () => ledger.commit({ quotas: [{ scope, entries: 0 }], mutations: [] }),
    erase: () => ledger.erase(ref),
  };
}

/** Names that look like `users` or `session/…`, or lead there by some other road. */
const tricks = [
  'session',
  'sessions',
  'session\u2044x',
  'Session/1',
  'users2',
  'users/',
  'users/../other',
  '../users',
  '*',
  '$list/secret',
  '$list/$list/secret',
  '$list',
  '$owners',
  '$x/',
  '$/secret',
  '$run/session',
];

describe('a token for some scopes of one app', () => {
  const grants = ['mine:users=read,write,watch', 'mine:session/*=read,write,watch'];

  test.each(tricks)('gives nothing in %j', async (scope) => {
    const world = await World.open();
    const store = await world.client(await world.token(grants));
    for (const [, call] of Object.entries(callsOn(store.app('mine').ledger, scope))) {
      await refused(call);
    }
  });

  test('gives what it says', async () => {
    const world = await World.open();
    const app = (await world.client(await world.token(grants))).app('mine');
    expect(await app.scope('users').get('ada')).toBe('mine');
    expect(await app.scope('session/1').get('k')).toBe('mine');
    expect(await app.list('users').range()).toEqual(['mine']);
    await app.scope('session/2').set('k', 1);
    const names = (await app.ledger.scopes()).items.map(({ scope }) => scope);
    expect(names).toEqual(['session/1', 'session/2', 'users']);
  });

  test.each(['other', 'mine2', 'min', 'Mine', 'default'])(
    'gives nothing in app %j',
    async (app) => {
      const world = await World.open();
      const store = await world.client(await world.token(grants));
      const { ledger } = store.app(app);
      await refused(() => ledger.head());
      await refused(() => ledger.scopes());
      await refused(() => ledger.members());
      await refused(() => ledger.log(origin));
      await refused(() => ledger.pin('p', origin, 1000));
      for (const call of Object.values(callsOn(ledger, 'users'))) await refused(call);
      await refused(() => store.source.incarnations(app));
      expect(await store.apps()).toEqual(['mine']);
    },
  );

  test('shows no sum, log or watch of what it may not see', async () => {
    const world = await World.open();
    const token = await world.token(grants);
    const { ledger } = (await world.client(token)).app('mine');
    const head = await ledger.head();
    expect(head).toMatchObject({ entries: 4, logBytes: 0 });
    const page = await ledger.log(origin);
    expect(JSON.stringify(page)).not.toContain('secret');
    const seen = ledger.watch({ after: origin })[Symbol.asyncIterator]();
    const first = await seen.next();
    expect(JSON.stringify(first)).toContain('mine');
    expect(JSON.stringify(first)).not.toContain('secret');
    await seen.return?.();
    const text = await (await world.fetch('/v1/apps/mine/log', token)).text();
    expect(text).toContain('mine');
    expect(text).not.toContain('secret');
  });

  test('holds no log, erases nothing, and is told nothing of the machine', async () => {
    const world = await World.open();
    const store = await world.client(await world.token(grants));
    const { ledger } = store.app('mine');
    await refused(() => ledger.pin('p', origin, 1000));
    await refused(() => ledger.erase({ scope: 'users', key: 'ada' }));
    expect(await store.source.stats()).toMatchObject({ storedBytes: 0, facts: {} });
  });
});

describe('a token to write alone', () => {
  test('learns nothing by writing', async () => {
    const world = await World.open();
    const { ledger } = (await world.client(await world.token(['mine:users=write']))).app('mine');
    const ref = { scope: 'users', key: 'ada' };
    const set = { kind: 'set', ...ref, value: 2 } as const;
    await ledger.commit({ mutations: [set] });
    await refused(() => ledger.commit({ mutations: [set], returns: 'values' }));
    await refused(() =>
      ledger.commit({ checks: [{ kind: 'value', ...ref, value: 2 }], mutations: [set] }),
    );
    await refused(() => ledger.read([ref]));
    await refused(() => ledger.scope('users'));
    expect((await ledger.scopes()).items).toEqual([]);
  });
});

test('the server’s own scopes and ledgers are nobody’s', async () => {
  const world = await World.open();
  const store = await world.client(await world.token(['*=read,write,watch,admin']));
  const { ledger } = store.app('mine');
  for (const scope of ['$sys', '$sys/tokens', '$ledger', '$ledger/values', '$ledger/clients']) {
    await expect(ledger.scan({ scope })).rejects.toMatchObject({ code: 'invalid_name' });
    const set = { kind: 'set', scope, key: 'k', value: 1 } as const;
    await expect(ledger.commit({ mutations: [set] })).rejects.toMatchObject({
      code: 'invalid_name',
    });
  }
  for (const app of ['$sys', '$store']) {
    expect(() => store.app(app)).toThrow(expect.objectContaining({ code: 'invalid_name' }));
    await expect(store.source.incarnations(app)).rejects.toMatchObject({ code: 'invalid_name' });
    const response = await world.fetch(
      `/v1/apps/${encodeURIComponent(app)}/scopes`,
      await world.token(['*=admin,read']),
    );
    expect(response.status).toBe(400);
  }
  expect(await store.apps()).toEqual(['mine', 'mine2', 'other']);
});

test('actor and cause are the server’s word', async () => {
  const world = await World.open();
  const forged = { actor: 'root', cause: { kind: 'trigger', id: 'forged', depth: 9 } };
  const set = { kind: 'set', scope: 'users', key: 'f', value: 1 } as const;
  const token = await world.token(['mine=read,write'], { name: 'writer' });
  await (await world.client(token)).app('mine').ledger.commit({ mutations: [set], ...forged });
  const body = JSON.stringify({ mutations: [set], ...forged });
  await world.fetch('/v1/apps/mine/commits', token, { method: 'POST', body });
  const admin = await world.token(['mine=read,write,admin'], { name: 'backend' });
  await (await world.client(admin)).app('mine').ledger.commit({ mutations: [set], ...forged });
  const page = await world.local.app('mine').ledger.log(origin, { scope: 'users', key: 'f' });
  const commits = page.kind === 'commits' ? page.commits : [];
  expect(commits.map(({ actor, cause }) => [actor, cause?.id])).toEqual([
    ['token:writer', undefined],
    ['token:writer', undefined],
    ['token:backend', 'forged'],
  ]);
});

test('stamps of two tokens never meet, whatever their clients call themselves', async () => {
  const world = await World.open();
  const one = await world.client(await world.token(['mine=read,write']));
  const two = await world.client(await world.token(['mine=read,write']));
  const mutations = [{ kind: 'set', scope: 'users', key: 's', value: 1 } as const];
  const stamp = { client: 'same', sequence: 1 };
  const first = await one.app('mine').ledger.commit({ mutations, stamp });
  const second = await two.app('mine').ledger.commit({ mutations, stamp });
  expect([first, second]).toMatchObject([{ replayed: false }, { replayed: false }]);
  expect(await one.app('mine').ledger.commit({ mutations, stamp })).toMatchObject({
    replayed: true,
  });
});

test('a client keeps no other’s member alive, nor declares it dead', async () => {
  const world = await World.open();
  const token = await world.token(['mine=read,write']);
  const one = (await world.client(token)).app('mine').ledger;
  const two = (await world.client(token)).app('mine').ledger;
  await one.heartbeat('worker-1', 60_000);
  await refused(() => two.heartbeat('worker-1', 0));
  await refused(() => two.heartbeat('worker-1', 60_000));
  await one.heartbeat('worker-1', 60_000);
  expect(await two.members()).toMatchObject([{ id: 'worker-1' }]);
});

describe('a worker’s token', () => {
  const grant = (scope: string) => ({ scope, rights: ['read', 'write'] as const });
  const terms = { app: 'mine', request: 'req-1', ttlMs: 60_000 };

  test('gives what it says, for its request, and no more than its parent', async () => {
    const world = await World.open();
    const parent = await world.token(['mine:session/*=read,write', 'other=read'], { name: 'p' });
    const grants = [grant('session/1'), grant('users')];
    const worker = await world.client(await mintWorkerToken(parent, { ...terms, grants }));
    await worker.app('mine').scope('session/1').set('k', 'by worker');
    await refused(() => worker.app('mine').scope('session/2').get('k'));
    await refused(() => worker.app('mine').scope('users').get('ada'));
    await refused(() => worker.app('other').scope('users').get('ada'));
    const page = await world.local.app('mine').ledger.log(origin, { scope: 'session/1' });
    const last = page.kind === 'commits' ? page.commits.at(-1) : undefined;
    expect(last).toMatchObject({ actor: 'worker:p', cause: { kind: 'request', id: 'req-1' } });
  });

  test('is refused once it is changed, late, or its parent is gone', async () => {
    const world = await World.open();
    const made = await world.server.tokens.create({
      name: 'p',
      grants: [{ app: 'mine', scope: '*', rights: ['read'] }],
    });
    const worker = await mintWorkerToken(made.token, { ...terms, grants: [grant('users')] });
    const get = (token: string) =>
      world.fetch('/v1/apps/mine/scopes/users/entries/ada', token).then(({ status }) => status);
    expect(await get(worker)).toBe(200);
    const [head, body = '', signature] = worker.split('.');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
    const widened = { ...claims, app: 'other' };
    const forged = Buffer.from(JSON.stringify(widened)).toString('base64url');
    expect(await get(`${head}.${forged}.${signature}`)).toBe(401);
    expect(await get(`${head}.${body}.`)).toBe(401);
    const none = Buffer.from('{"alg":"none","typ":"holdfast-worker+jwt"}').toString('base64url');
    expect(await get(`${none}.${body}.${signature}`)).toBe(401);
    const past = { now: () => Date.now() - 120_000 } as never;
    const late = await mintWorkerToken(made.token, { ...terms, grants: [], clock: past });
    expect(await get(late)).toBe(401);
    await world.server.tokens.revoke(made.id);
    expect(await get(worker)).toBe(401);
  });
});

describe('the end of a token', () => {
  test('closes its connections and ends its watches', async () => {
    const world = await World.open();
    const { token, id } = await world.server.tokens.create({
      name: 't',
      grants: [{ app: 'mine', scope: '*', rights: ['read', 'watch'] }],
    });
    const { ledger } = (await world.client(token)).app('mine');
    const pages = ledger.watch()[Symbol.asyncIterator]();
    const next = pages.next();
    await ledger.head();
    const events = await world.fetch('/v1/apps/mine/watch', token);
    const text = events.text();
    await world.server.tokens.revoke(id);
    await expect(next).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(ledger.head()).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await text).toContain('unauthenticated');
  });

  test('an expired one is refused, and closes what is open', async () => {
    const world = await World.open();
    const expiresAt = Date.now() + 1500;
    const token = await world.token(['mine=read,watch'], { expiresAt });
    const { ledger } = (await world.client(token)).app('mine');
    const next = ledger.watch()[Symbol.asyncIterator]().next();
    await expect(next).rejects.toMatchObject({ code: 'unauthenticated' });
    expect((await world.fetch('/v1/apps/mine', token)).status).toBe(401);
  });
});

test('a token’s limits hold over all its connections', async () => {
  const world = await World.open();
  const limits = { connections: 2, watches: 3 };
  const token = await world.token(['mine=read,watch'], { limits });
  const one = await world.client(token);
  await world.client(token);
  await expect(world.client(token, { connectTimeoutMs: 300 })).rejects.toMatchObject({
    code: 'unavailable',
  });
  const source: LedgerSource = one.source;
  const open = Array.from({ length: 3 }, () =>
    source.ledger('mine').watch({ after: origin })[Symbol.asyncIterator](),
  );
  for (const pages of open) await pages.next();
  const fourth = source.ledger('mine').watch({ after: origin })[Symbol.asyncIterator]();
  await expect(fourth.next()).rejects.toMatchObject({ code: 'overloaded' });
  expect((await world.fetch('/v1/apps/mine/watch', token)).status).toBe(503);
  const poor = await world.token(['mine=read'], { limits: { requestsPerSecond: 2 } });
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => world.fetch('/v1/apps/mine', poor)),
  );
  const limited = answers.filter(({ status }) => status === 429);
  expect(limited.length).toBeGreaterThan(1);
  expect(Number(limited[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
});
