/** `serve --config`, as a process: the file's settings hold, and SIGHUP reads them again. */
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ended, start, temporaryFolder } from './command.ts';
import { serving } from './serving.ts';
import type { Serving } from './serving.ts';

/** Waits for the log to tell of the `count`th reload, and gives that line. */
async function reloaded(server: Serving, count: number): Promise<Record<string, unknown>> {
  const told = (): Record<string, unknown>[] =>
    server.log().filter(({ event }) => event === 'reload');
  await expect.poll(() => told().length, { timeout: 20_000 }).toBe(count);
  return told()[count - 1]!;
}

async function put(server: Serving, path: string, value: unknown): Promise<number> {
  const url = `${server.url}/v1/apps/shop/scopes/${path}`;
  const headers = { 'content-type': 'application/json' };
  const { status } = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(value) });
  return status;
}

/** Somebody who takes webhooks, and what came. */
async function receiver() {
  const got: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      got.push((JSON.parse(body) as { key: string }).key);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, got };
}

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

test('the file’s settings hold, and what can be reloaded is', { timeout: 120_000 }, async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'holdfast.yaml');
  const hook = await receiver();
  const trigger = (when: string): string => `
    triggers:
      alert:
        scope: orders
        when: { new_value: { state: ${when} } }
        webhook: { url: "${hook.url}", secret: "${secret}", allowHttp: true, allowPrivateAddresses: true }`;
  const config = (rules: string, port = 0): string => `
store: { url: "file:${join(folder, 'state.db')}" }
server: { port: ${port}, log: info, mcp: { readOnly: true } }
apps:
  shop:
    scopes: { users: { schema: { type: ${rules} } } }`;
  await writeFile(file, `${config('number')}${trigger('failed')}`);
  const server = await serving(['--config', file]);
  expect(await put(server, 'users/entries/ada', 'text')).toBe(422);
  expect(await put(server, 'users/entries/ada', 1)).toBe(201);
  await put(server, 'orders/entries/fine', { state: 'done' });
  await put(server, 'orders/entries/one', { state: 'failed', n: 1 });
  await expect.poll(() => hook.got, { timeout: 20_000 }).toEqual(['one']);
  expect((await fetch(`${server.url}/mcp/shop`)).status).toBe(405);
  expect(await (await fetch(`${server.url}/v1/apps/shop/sessions`)).json()).toEqual([]);

  await writeFile(file, `${config('string', 7)}${trigger('late')}`);
  server.hangup();
  expect(await reloaded(server, 1)).toMatchObject({
    level: 40,
    applied: ['apps.shop.scopes', 'apps.shop.triggers'],
    waiting: ['server.port'],
    msg: 'after a restart: server.port',
  });
  expect(await put(server, 'users/entries/bob', 'text')).toBe(201);
  expect(await put(server, 'users/entries/bob', 1)).toBe(422);
  await put(server, 'orders/entries/two', { state: 'failed' });
  await put(server, 'orders/entries/three', { state: 'late' });
  await expect.poll(() => hook.got, { timeout: 20_000 }).toEqual(['one', 'three']);

  await writeFile(file, 'store: { url: "memory:" }\nserver: { prot: 1 }\n');
  server.hangup();
  const refused = await reloaded(server, 2);
  expect(refused).toMatchObject({ level: 50, code: 'invalid_config' });
  expect(refused['msg']).toMatch(/2:11 there is no key 'server\.prot'; did you mean 'port'\?/);
  expect(await put(server, 'users/entries/bob', 1)).toBe(422);

  await writeFile(file, config('number'));
  server.hangup();
  const back = { level: 30, applied: ['apps.shop.scopes', 'apps.shop.triggers'], msg: 'reloaded' };
  expect(await reloaded(server, 3)).toMatchObject(back);
  await put(server, 'orders/entries/four', { state: 'late' });
  expect(await server.stop()).toBe(143);
  expect(hook.got).toEqual(['one', 'three']);
});

test('flags win over the file, and a level of the log stays what the flag said', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'holdfast.json');
  const config = { store: { url: 'memory:' }, server: { port: 1, host: '0.0.0.0', log: 'debug' } };
  await writeFile(file, JSON.stringify(config));
  const flags = ['--config', file, '--port', '0', '--host', '127.0.0.1', '--log', 'warn'];
  const server = await serving([...flags, '--no-mcp', '--no-sessions']);
  expect(new URL(server.url)).toMatchObject({ hostname: '127.0.0.1' });
  expect((await fetch(`${server.url}/mcp`)).status).toBe(404);
  expect((await fetch(`${server.url}/v1/apps/shop/sessions`)).status).toBe(404);
  await writeFile(file, JSON.stringify({ ...config, server: { ...config.server, port: 2 } }));
  server.hangup();
  await reloaded(server, 1);
  expect(await server.stop()).toBe(143);
  expect(server.log().every(({ level }) => Number(level) >= 40)).toBe(true);
});

test('what does not go together is refused, with 2', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'holdfast.yaml');
  const run = (...args: string[]) => ended(start('src/cli/main.ts', args));
  await writeFile(file, 'store: { url: "memory:" }\n');
  const named = await run('--store', 'memory:', 'serve', '--config', file);
  expect(named).toMatchObject({ code: 2 });
  expect(named.error).toContain('names the store; leave --store out');
  expect(await run('serve', '--config', file, '--workers', '2')).toMatchObject({ code: 2 });
  await writeFile(file, 'store: { url: "http://127.0.0.1:1" }\n');
  expect(await run('serve', '--config', file)).toMatchObject({ code: 2 });
  await writeFile(file, 'store: { url: "file:x.db" }\nserver: { workers: 2, sessions: {} }\n');
  expect((await run('serve', '--config', file)).error).toContain('sessions belong to one process');
  await writeFile(file, 'stor: 1\n');
  const wrong = await run('serve', '--config', file);
  expect(wrong).toMatchObject({ code: 2 });
  expect(wrong.error).toContain("there is no key 'stor'; did you mean 'store'?");
  expect(await run('serve', '--config', join(folder, 'none.yaml'))).toMatchObject({ code: 2 });
  expect(await run('serve', '--log', 'loud')).toMatchObject({ code: 2 });
});

test('several processes read the file again, each for itself, and all end in order', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'holdfast.yaml');
  const config = (type: string): string => `
store: { url: "file:${join(folder, 'state.db')}" }
server: { port: 0, workers: 2 }
apps: { shop: { scopes: { users: { schema: { type: ${type} } } } } }`;
  await writeFile(file, config('number'));
  const server = await serving(['--config', file]);
  expect(await put(server, 'users/entries/ada', 'text')).toBe(422);
  await writeFile(file, config('string'));
  server.hangup();
  await reloaded(server, 2);
  const pids = server.log().flatMap(({ event, pid }) => (event === 'reload' ? [pid] : []));
  expect(new Set(pids).size).toBe(2);
  expect(await put(server, 'users/entries/ada', 'text')).toBe(201);
  expect(await server.stop()).toBe(143);
});
