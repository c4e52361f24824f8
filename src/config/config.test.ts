import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { isHoldfastError } from '../errors/index.ts';
import { changesBetween, loadConfig, parseConfig, storeSettings } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function problems(text: string, environment = {}): string[] {
  try {
    parseConfig(text, { environment });
  } catch (error) {
    if (!isHoldfastError(error, 'invalid_config')) throw error;
    return error.message.split('\n  ').slice(1);
  }
  throw new Error('nothing is wrong with it');
}

const noSchema = '{ type: nothing }';

const whole = `
store:
  backend: sqlite
  path: ./state.db
  cacheBytes: 1048576
server:
  port: \${PORT:7420}
apps:
  shop:
    quota: { entries: 10 }
    scopes:
      users: { ttlMs: 1000, schema: { type: object, required: [name] } }
`;

describe('a config', () => {
  test('becomes the options of open', () => {
    const { url, options } = storeSettings(parseConfig(whole, { environment: {} }));
    expect(url).toBe('file:./state.db');
    expect(options).toMatchObject({ cacheBytes: 1_048_576 });
    const { quota, scopes } = options.apps!['shop']!;
    expect(quota).toEqual({ entries: 10 });
    expect(scopes!['users']).toMatchObject({ ttlMs: 1000 });
    expect(scopes!['users']!.check!({ name: 'Ada' })).toBeUndefined();
    expect(scopes!['users']!.check!({})).toMatchObject({ message: expect.any(String) as unknown });
  });

  test('may be JSON', () => {
    const config = parseConfig('{"store":{"url":"memory:"}}');
    expect(storeSettings(config).url).toBe('memory:');
  });

  test.each([
    ['memory', undefined, 'memory:'],
    ['sqlite', undefined, 'file:./holdfast.db'],
    ['postgres', 'db:5432/app', 'postgres://db:5432/app'],
    ['redis', undefined, 'redis://127.0.0.1'],
    ['server', 'state.local', 'http://state.local'],
  ])('names a backend: %s, %s', (backend, path, url) => {
    const config = parseConfig(JSON.stringify({ store: { backend, path } }));
    expect(storeSettings(config).url).toBe(url);
  });

  test('fills in the environment, with the type that the text has', () => {
    const text = `
store:
  url: \${PROTOCOL:memory}:\${NAME}
  readOnly: \${RO:false}
server:
  port: \${PORT}
  host: "\${PORT}"
  hosts: [ "$\${PORT}" ]`;
    const config = parseConfig(text, { environment: { PORT: '80', NAME: 'x' } });
    expect(config.store).toEqual({ url: 'memory:x', readOnly: false });
    expect(config.server).toEqual({ port: 80, host: '80', hosts: ['${PORT}'] });
  });

  test('what the environment brings is a value, never more keys', () => {
    const environment = { URL: 'memory:\nreadOnly: true' };
    const config = parseConfig('store:\n  url: ${URL}', { environment });
    expect(config.store).toEqual({ url: 'memory:\nreadOnly: true' });
    const injected = parseConfig('store:\n  url: ${URL}', { environment: { URL: '{a: 1}' } });
    expect(injected.store).toEqual({ url: '{a: 1}' });
  });
});

describe('a wrong config is refused with the line', () => {
  test.each<[string, string, string[]]>([
    [
      'an unknown key',
      'store:\n  url: "memory:"\n  cacheByte: 1\n',
      ["3:3 there is no key 'store.cacheByte'; did you mean 'cacheBytes'?"],
    ],
    [
      'an unknown key far down',
      'store: { url: "memory:" }\napps:\n  a:\n    scopes:\n      s:\n        ttl: 5\n',
      ["6:9 there is no key 'apps.a.scopes.s.ttl'; did you mean 'ttlMs'?"],
    ],
    [
      'an unknown key that is near to none',
      'store: { url: "memory:" }\nzzzzzzzz: 1\n',
      ["2:1 there is no key 'zzzzzzzz'; known: store, server, auth, defaults, apps"],
    ],
    [
      'values of another kind, all at once',
      'store:\n  url: 7\nserver:\n  port: 99999\n',
      ['2:8 store.url: ', '4:9 server.port: '],
    ],
    ['no store', 'server: { port: 1 }', ['1:1 store: ']],
    ['two stores', 'store:\n  url: "memory:"\n  backend: sqlite\n', ['2:3 store: needs a url']],
    ['a path without a backend', 'store:\n  url: "memory:"\n  path: x\n', ['3:9 store.path: ']],
    [
      'a key twice',
      'store:\n  url: "memory:"\n  url: "memory:"\n',
      ['3:3 Map keys must be unique'],
    ],
    ['no YAML', 'store: [', ['1:9 ']],
    [
      'a variable that is not set',
      'store:\n  url: ${NOWHERE}\n',
      ['2:8 the environment has no NOWHERE'],
    ],
    ['a variable without a name', 'store:\n  url: ${}\n', ["2:8 '${}' has a ${ that names no"]],
    [
      'a JSON Schema that is none',
      `store: { url: "memory:" }\napps:\n  a:\n    scopes:\n      s:\n        schema: ${noSchema}\n`,
      ['6:9 apps.a.scopes.s.schema is no JSON Schema: '],
    ],
  ])('%s', (_, text, expected) => {
    const found = problems(text);
    expect(found).toHaveLength(expected.length);
    for (const [index, start] of expected.entries()) {
      expect(found[index]!.slice(0, start.length)).toBe(start);
    }
  });

  test('a file that is not there', async () => {
    const path = join(folder, 'none.yaml');
    await expect(loadConfig(path)).rejects.toMatchObject({ code: 'invalid_config' });
  });
});

test('JSON Schemas lie beside the config, or are missed', async () => {
  const path = join(folder, 'holdfast.yaml');
  const text = 'store: { url: "memory:" }\napps: { a: { scopes: { s: { schema: ./s.json } } } }\n';
  writeFileSync(path, text);
  await expect(loadConfig(path)).rejects.toThrow(/cannot read the JSON Schema .*s\.json/);
  writeFileSync(join(folder, 's.json'), '{"type":"number","maximum":3}');
  const { options } = storeSettings(await loadConfig(path));
  const check = options.apps!['a']!.scopes!['s']!.check!;
  expect([check(3), check(4)?.message]).toEqual([undefined, 'must be <= 3']);
});

test('a new config says what holds at once and what waits', () => {
  const before = parseConfig(whole, { environment: {} });
  const text = whole.replace('entries: 10', 'entries: 20').replace('ttlMs: 1000', 'ttlMs: 2000');
  const after = parseConfig(`${text}\nauth: { mode: open }\n`, { environment: { PORT: '1' } });
  expect(changesBetween(before, before)).toEqual({ applied: [], waiting: [] });
  expect(changesBetween(before, after)).toEqual({
    applied: ['apps.shop.quota', 'apps.shop.scopes'],
    waiting: ['server.port', 'auth.mode'],
  });
});
