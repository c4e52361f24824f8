/** Checkups are for administrators of all that is looked at; they tell nobody else anything. */
import { expect, test } from 'vitest';
import { mintWorkerToken } from '../../../src/client/index.ts';
import { World } from './world.ts';

const ofApp = '/v1/apps/mine/checkup';
const ofEngine = '/v1/checkup';

test.each([
  ['mine=read,write,watch', 403, 403],
  ['mine:users=read,write,watch,admin', 403, 403],
  ['mine:*=admin', 200, 403],
  ['other=admin', 403, 403],
  ['m*=admin', 200, 403],
  ['*:users=admin', 403, 403],
  ['*=admin', 200, 200],
])('the holder of %s is answered %i for an app, %i for the engine', async (grant, app, engine) => {
  const world = await World.open();
  const token = await world.token([grant]);
  const asked = await world.fetch(ofApp, token);
  expect(asked.status).toBe(app);
  expect(await asked.text()).not.toContain('secret');
  const whole = await world.fetch(ofEngine, token);
  expect(whole.status).toBe(engine);
  await whole.text();
});

test('workers of an administrator look at nothing, and nobody at the server’s own', async () => {
  const world = await World.open();
  const parent = await world.token(['*=read,write,watch,admin']);
  for (const more of [{}, { grants: [{ scope: '*', rights: ['read', 'write'] as const }] }]) {
    const worker = await mintWorkerToken(parent, {
      app: 'mine',
      request: 'r',
      ttlMs: 60_000,
      ...more,
    });
    expect((await world.fetch(ofApp, worker)).status).toBe(403);
    expect((await world.fetch(ofEngine, worker)).status).toBe(403);
  }
  for (const app of ['$sys', '$store', 'mine%2F..', '..%2F']) {
    expect((await world.fetch(`/v1/apps/${app}/checkup`, parent)).status).toBe(400);
  }
});

test('one checkup at a time, and the next when it is done or its reader has gone', async () => {
  const world = await World.open();
  const root = await world.token(['*=admin']);
  const many = await Promise.all(Array.from({ length: 5 }, () => world.fetch(ofApp, root)));
  expect(many.map(({ status }) => status)).toContain(200);
  for (const { status } of many) expect([200, 503]).toContain(status);
  for (const response of many) await response.text();
  const left = await world.fetch(ofApp, root);
  await left.body?.cancel();
  await expect
    .poll(async () => {
      const response = await world.fetch(ofApp, root);
      await response.text();
      return response.status;
    })
    .toBe(200);
  const text = await (await world.fetch(ofApp, root)).text();
  const lines = text.split('\n').filter((line) => line !== '');
  expect(JSON.parse(lines.at(-1) ?? '')).toEqual({
    end: { entries: expect.any(Number) as number },
  });
});
