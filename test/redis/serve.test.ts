/** `holdfast serve` on Redis, as a process: what it took is there for the next one. */
import { expect, inject, test } from 'vitest';
import { open } from '../../src/index.ts';
import type { Position, Scope, Store, Watch } from '../../src/index.ts';
import { serving } from '../e2e/serving.ts';
import { withServer } from '../servers/provided.ts';
import { newStore } from './stores.ts';

interface User {
  readonly visits: number;
}

const bytes = Uint8Array.of(0, 255, 10);
const visit = [{ op: 'increment', path: '/visits' }] as const;

const usersOf = (store: Store): Scope<User> => store.app('shop').scope<User>('users');

function rest(url: string, path: string, init?: RequestInit): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(`${url}/v1/apps/shop/${path}`, { headers, ...init });
}

/** Where a watch stands when it has told of so many visits. */
async function followed(watch: Watch<User>, visits: number): Promise<Position> {
  for await (const event of watch) {
    if (event.kind !== 'changes') throw new Error(`the watch told ${event.kind}`);
    if (event.changes.at(-1)?.value?.visits === visits) return event.position;
  }
  throw new Error('the watch has ended');
}

/** The text of so many commits of an event stream. */
async function heard(stream: Response, commits: number): Promise<string> {
  let text = '';
  for await (const chunk of stream.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.split('event: commit\n').length > commits && text.endsWith('\n\n')) break;
  }
  return text;
}

/** Three visits, by the client and by REST, each seen by the other. Returns where a watch stood. */
async function visited(url: string): Promise<Position> {
  await using store = await open(url);
  const users = usersOf(store);
  const events = await rest(url, 'watch?scope=users');
  const following = followed(users.watch(), 3);
  const { version } = await users.set('ada', { visits: 1 });
  const entry = await rest(url, 'scopes/users/entries/ada');
  expect(entry.headers.get('etag')).toBe(`"${version}"`);
  expect(await entry.json()).toEqual({ visits: 1 });
  const patch = { method: 'PATCH', body: JSON.stringify({ operations: visit }) };
  expect((await rest(url, 'scopes/users/entries/ada', patch)).status).toBe(200);
  await users.update('ada', visit);
  expect(await users.get('ada')).toEqual({ visits: 3 });
  expect(await heard(events, 3)).toMatch(/"visits":1[^]*"visits":2[^]*"visits":3/);
  return await following;
}

withServer(inject('redis'), 'serving a store on Redis', (redis) => {
  test('client and REST see one store, and a server started again has all of it', async () => {
    const url = newStore(redis);
    const args = ['--store', url, '--port', '0', '--log', 'silent'];
    const first = await serving(args);
    const position = await visited(first.url);
    const put = { method: 'PUT', body: '"x"' };
    expect((await rest(first.url, 'scopes/cache/entries/k?ttlMs=3600000', put)).status).toBe(201);
    const short = await rest(first.url, 'scopes/cache/entries/k?entry');
    {
      await using store = await open(first.url);
      await store.app('shop').list('messages').append('a', 'b');
      await store.app('shop').scope('photos').set('one', bytes);
    }
    expect(await first.stop()).toBe(143);

    // What another process writes meanwhile is no gap for who resumes behind the first server.
    await using direct = await open(url);
    await usersOf(direct).set('eve', { visits: 9 });
    const second = await serving(args);
    await using store = await open(second.url);
    const shop = store.app('shop');
    const resumed = await usersOf(store).watch({ after: position }).next();
    expect(resumed.value).toMatchObject({ changes: [{ kind: 'created', key: 'eve' }] });
    expect(await usersOf(store).get('ada')).toEqual({ visits: 3 });
    expect(await shop.list('messages').tail(2)).toEqual(['a', 'b']);
    expect(await shop.scope('photos').get('one')).toEqual(bytes);
    const again = await rest(second.url, 'scopes/cache/entries/k?entry');
    expect(await again.json()).toEqual(await short.json());
    expect(await second.stop()).toBe(143);
  });
});
