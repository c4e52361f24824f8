/** Tokens that tokens make: never more than their maker has; nobody else's are seen or ended. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mintWorkerToken } from '../../../src/client/index.ts';
import { parseGrant } from '../../../src/server/index.ts';
import { isCovered, isGranted, rights } from '../../../src/server/auth/grant.ts';
import { runCount, runSeed } from '../../robustness/runs.ts';
import { World } from './world.ts';

interface Made {
  readonly token: string;
  readonly id: string;
  readonly expiresAt: number | null;
}

function create(world: World, token: string, grants: readonly string[], more: object = {}) {
  const body = JSON.stringify({ name: 'made', grants: grants.map(parseGrant), ...more });
  const headers = { 'content-type': 'application/json' };
  return world.fetch('/v1/tokens', token, { method: 'POST', body, headers });
}

async function made(world: World, token: string, grants: readonly string[], more: object = {}) {
  const response = await create(world, token, grants, more);
  expect(response.status).toBe(201);
  return (await response.json()) as Made;
}

async function listed(world: World, token: string) {
  const response = await world.fetch('/v1/tokens', token);
  const { tokens } = (await response.json()) as { tokens: Record<string, unknown>[] };
  return tokens;
}

const revoke = (world: World, token: string, named: string) =>
  world.fetch(`/v1/tokens/${encodeURIComponent(named)}`, token, { method: 'DELETE' });

const local = 'mine:users=read,write,admin';

test.each([
  [local, 'mine:users=read', 201],
  [local, 'mine:users=read,write,admin', 201],
  [local, 'mine:users=watch', 403],
  [local, 'mine=read', 403],
  [local, 'mine:*=read', 403],
  [local, 'mine:user=read', 403],
  [local, 'mine:users*=read', 403],
  [local, 'mine:$list/users=read', 403],
  [local, 'mine:$owners=read', 403],
  [local, 'other:users=read', 403],
  [local, 'mine*:users=read', 403],
  [local, '*:users=read', 403],
  ['mine:session/*=read,admin', 'mine:session/7=read', 201],
  ['mine:session/*=read,admin', 'mine:session/7/*=read', 201],
  ['mine:session/*=read,admin', 'mine:session*=read', 403],
  ['mine:session/*=read,admin', 'mine:session=read', 403],
  ['mine=read,admin', 'mine:users=read', 201],
  ['mine*=read,admin', 'mine2=read', 201],
  ['mine=read,write,watch', 'mine=read', 403],
  ['mine:users=admin', 'mine:users=read', 403],
  ['*=admin', '*=admin', 201],
  ['*=admin', '*=admin,read', 403],
])('the holder of %s who asks for %s is answered %i', async (own, asked, status) => {
  const world = await World.open();
  const token = await world.token([own]);
  expect((await create(world, token, [asked])).status).toBe(status);
  // One grant too many refuses the whole token.
  expect((await create(world, token, [asked, 'elsewhere=read'])).status).toBe(403);
});

test('what a covered grant gives, its cover gives: any patterns, any names', () => {
  const name = fc.constantFrom('a', 'ab', 'abc', 'b', 'a/b', '*', 'a*', '$list/a');
  const pattern = fc.oneof(
    name,
    name.map((start) => `${start}*`),
    fc.constant('*'),
  );
  const grant = fc.record({
    app: pattern,
    scope: pattern,
    rights: fc.subarray([...rights], { minLength: 1 }),
  });
  const scopes = fc.option(name, { nil: undefined });
  fc.assert(
    fc.property(fc.array(grant), grant, name, scopes, (own, asked, app, scope) => {
      const { rights: wanted } = asked;
      if (!wanted.every((right) => isCovered(own, asked.app, asked.scope, right))) return;
      for (const right of rights) {
        if (isGranted([asked], app, scope, right)) {
          expect(isGranted(own, app, scope, right)).toBe(true);
        }
      }
    }),
    { numRuns: runCount(5000), seed: runSeed },
  );
});

describe('whoever administers nothing', () => {
  test.each([['no token', undefined], ['a token to read', 'mine=read,write,watch'] as const])(
    '%s makes, sees and ends none',
    async (_, grant) => {
      const world = await World.open();
      const token = grant === undefined ? undefined : await world.token([grant], { name: 'own' });
      const status = grant === undefined ? 401 : 403;
      const asked = {
        method: 'POST',
        body: '{"name":"x","grants":[{"app":"mine","rights":["read"]}]}',
      };
      expect((await world.fetch('/v1/tokens', token, asked)).status).toBe(status);
      expect((await world.fetch('/v1/tokens', token)).status).toBe(status);
      expect((await world.fetch('/v1/tokens/own', token, { method: 'DELETE' })).status).toBe(
        status,
      );
    },
  );

  test('a worker’s token, of an administrator too', async () => {
    const world = await World.open();
    const parent = await world.token(['*=read,write,watch,admin']);
    const terms = { app: 'mine', request: 'r', ttlMs: 60_000 };
    const granted = [{ scope: '*', rights: ['read', 'write'] as const }];
    for (const more of [{}, { grants: granted }]) {
      const worker = await mintWorkerToken(parent, { ...terms, ...more });
      expect((await create(world, worker, ['mine=read'])).status).toBe(403);
      expect((await world.fetch('/v1/tokens', worker)).status).toBe(403);
      expect((await revoke(world, worker, 'test')).status).toBe(403);
    }
  });
});

test('a new token ends no later than its maker, and may use no more', async () => {
  const world = await World.open();
  const expiresAt = Date.now() + 60_000;
  const limits = { requestsPerSecond: 50 };
  const maker = await world.token(['mine=read,admin'], { expiresAt, limits });
  expect((await made(world, maker, ['mine=read'])).expiresAt).toBe(expiresAt);
  expect((await create(world, maker, ['mine=read'], { expiresAt: expiresAt + 1 })).status).toBe(
    403,
  );
  const more = { limits: { requestsPerSecond: 51 } };
  expect((await create(world, maker, ['mine=read'], more)).status).toBe(403);
  const [first] = (await listed(world, maker)).filter(({ name }) => name === 'made');
  expect(first).toMatchObject({ limits });
  expect(maker).toContain(first?.['createdBy']);
});

test('lists and revokes what it administers, and is not told of the rest', async () => {
  const world = await World.open();
  const root = await world.token(['*=read,write,watch,admin'], { name: 'same' });
  const users = await world.token([local], { name: 'same' });
  await world.token(['mine:users=read', 'other=read'], { name: 'same' });
  const { id, token } = await made(world, root, ['mine:users=read'], { name: 'same' });
  const names = await listed(world, users);
  expect(names).toHaveLength(2);
  expect(await listed(world, root)).toHaveLength(4);
  const text = JSON.stringify(await listed(world, root));
  expect(text).not.toMatch(/digest|publicKey|hf_/);
  expect((await revoke(world, users, 'nobody')).status).toBe(404);
  const all = await listed(world, root);
  const strange = all.find(({ grants }) => JSON.stringify(grants).includes('other'));
  expect((await revoke(world, users, String(strange?.['id']))).status).toBe(404);
  expect((await world.fetch('/v1/apps/mine/scopes/users/entries/ada', token)).status).toBe(200);
  expect(await (await revoke(world, root, id)).json()).toEqual({ revoked: [id] });
  expect((await world.fetch('/v1/apps/mine/scopes/users/entries/ada', token)).status).toBe(401);
  // By name: its own and no other of those that are called so.
  const ended = (await (await revoke(world, users, 'same')).json()) as { revoked: string[] };
  expect(ended.revoked).toHaveLength(1);
  expect((await world.fetch('/v1/tokens', root)).status).toBe(200);
  expect((await world.fetch('/v1/tokens', users)).status).toBe(401);
});

test('a token that is revoked while it makes another leaves none behind', async () => {
  const world = await World.open();
  const { tokens } = world.server;
  const grants = [parseGrant('mine=read,admin')];
  const { id } = await tokens.create({ name: 'maker', grants });
  await tokens.revoke(id);
  await expect(tokens.create({ name: 'late', grants, createdBy: id })).rejects.toMatchObject({
    code: 'unauthenticated',
  });
  expect((await tokens.list()).map(({ name }) => name)).toEqual(['maker']);
});

test.each([
  ['no grants', { grants: [] }],
  ['a right that is none', { grants: [{ app: 'mine', rights: ['own'] }] }],
  ['the server’s own ledger', { grants: [{ app: '$sys', rights: ['read'] }] }],
  ['no name', { name: '' }],
  ['an end in the past', { expiresAt: 1 }],
  ['a limit that is none', { limits: { requestsPerSecond: -1 } }],
  ['a digest of its own', { digest: 'x' }],
  ['a maker of its own', { createdBy: 'root' }],
])('%s is refused with 400', async (_, more) => {
  const world = await World.open();
  const root = await world.token(['*=read,write,watch,admin']);
  expect((await create(world, root, ['mine=read'], more)).status).toBe(400);
});
