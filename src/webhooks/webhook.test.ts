import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, test } from 'vitest';
import { TriggerEvent } from '../layers/triggers/index.ts';
import type { TriggerWork } from '../layers/triggers/index.ts';
import { StoredValue } from '../ledger/index.ts';
import { isPublic, publicLookup } from './addresses.ts';
import { webhook } from './webhook.ts';
import type { WebhookOptions } from './webhook.ts';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const servers: Server[] = [];

interface Got {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly url: string;
}

interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly isSilent?: boolean;
}

/** A receiver that answers with the replies in turn, the last one again and again. */
async function receiver(...replies: Reply[]) {
  const got: Got[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      got.push({ headers: request.headers, body, url: request.url ?? '' });
      const reply = replies.length > 1 ? replies.shift() : replies[0];
      if (reply?.isSilent === true) return;
      response.writeHead(reply?.status ?? 200, reply?.headers);
      response.end(reply?.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  return { url, got };
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

function event(value: unknown = { n: 1 }, attempt = 1): TriggerEvent {
  const position = { incarnation: 'abc', revision: 7 };
  const head = {
    scope: 's',
    key: 'k',
    kind: 'created',
    position,
    time: 1_700_000_000_000,
  } as const;
  const newValue = StoredValue.of(value, 10_000_000);
  return new TriggerEvent({ app: 'a', trigger: 't', head, oldValue: undefined, newValue, attempt });
}

function work(signal = new AbortController().signal): TriggerWork {
  return { signal } as TriggerWork;
}

async function send(options: Partial<WebhookOptions> & { url: string }, one = event()) {
  const handler = webhook({ secret, allowHttp: true, allowPrivateAddresses: true, ...options });
  await handler(one, work());
}

describe('a webhook', () => {
  test('is signed so that any library of Standard Webhooks accepts it', async () => {
    const { url, got } = await receiver({ status: 204 });
    await send({ url, headers: { authorization: 'Bearer x' } });
    await send({ url }, event({ n: 1 }, 2));
    const [first, second] = got;
    const headers = first?.headers as Record<string, string>;
    expect(new Webhook(secret).verify(first?.body ?? '', headers)).toMatchObject({
      type: 'state',
      event_type: 'state:created',
      scope: 's',
      key: 'k',
      old_value: null,
      new_value: { n: 1 },
    });
    expect(headers['authorization']).toBe('Bearer x');
    expect(() => new Webhook(secret).verify(`${first?.body} `, headers)).toThrow();
    expect(second?.headers['webhook-id']).toBe(headers['webhook-id']);
  });

  test('can be a CloudEvent', async () => {
    const { url, got } = await receiver({ status: 200 });
    await send({ url, format: 'cloudevent' });
    expect(got[0]?.headers['content-type']).toBe('application/cloudevents+json');
    expect(JSON.parse(got[0]?.body ?? '')).toMatchObject({ specversion: '1.0', subject: 'k' });
  });

  test('that is not accepted has failed, and says how long to wait', async () => {
    const { url } = await receiver({ status: 503, headers: { 'retry-after': '7' } });
    await expect(send({ url })).rejects.toMatchObject({
      code: 'webhook_failed',
      details: { reason: 'status', status: 503, retryAfterMs: 7000 },
    });
  });

  test('follows no redirect unless it may, and then to its own origin only', async () => {
    const target = await receiver({ status: 200 });
    const elsewhere = await receiver({ status: 307, headers: { location: target.url } });
    const near = await receiver({ status: 308, headers: { location: '/other' } }, { status: 200 });
    for (const { url } of [elsewhere, near]) {
      await expect(send({ url })).rejects.toMatchObject({ details: { reason: 'redirect' } });
    }
    const again = await receiver({ status: 308, headers: { location: '/other' } }, { status: 200 });
    await send({ url: again.url, allowRedirects: true });
    expect(again.got.map(({ url }) => url)).toEqual(['/hook', '/other']);
    await expect(send({ url: elsewhere.url, allowRedirects: true })).rejects.toThrow();
    expect(target.got).toEqual([]);
  });

  test('reaches no private address unless it may, however that is written', async () => {
    const { url, got } = await receiver({ status: 200 });
    const port = new URL(url).port;
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '2130706433', '0', '[::ffff:7f00:1]']) {
      const options = { url: `http://${host}:${port}/`, allowPrivateAddresses: false };
      await expect(send(options)).rejects.toMatchObject({ details: { reason: 'address' } });
    }
    expect(got).toEqual([]);
  });

  test('gives up in time, on silence and when its trigger says so', async () => {
    const { url } = await receiver({ status: 200, isSilent: true });
    await expect(send({ url, timeoutMs: 30 })).rejects.toMatchObject({
      details: { reason: 'timeout' },
    });
    const stop = new AbortController();
    const handler = webhook({ url, secret, allowHttp: true, allowPrivateAddresses: true });
    const sent = handler(event(), work(stop.signal)) as Promise<void>;
    stop.abort();
    await expect(sent).rejects.toMatchObject({ details: { reason: 'connection' } });
  });

  test('sends nothing that is too large, and reads no endless answer', async () => {
    const { url, got } = await receiver({ status: 200, body: 'x'.repeat(1_000_000) });
    const large = event('x'.repeat(2000));
    await expect(send({ url, bodyBytes: 1000 }, large)).rejects.toMatchObject({
      details: { reason: 'too_large' },
    });
    expect(got).toEqual([]);
    await send({ url, responseBytes: 1000 });
  });

  test('tells nobody its secrets', async () => {
    const { url } = await receiver({ status: 500 });
    const error: unknown = await send({ url: `${url}/T000/key?token=abc` }).catch(
      (e: unknown) => e,
    );
    const told = JSON.stringify(error) + String((error as Error).stack);
    for (const part of [secret, 'T000', 'token']) expect(told).not.toContain(part);
  });

  test('cannot be made with what cannot work', () => {
    const url = 'https://example.com/hook';
    for (const options of [
      { url: 'no url', secret },
      { url: 'http://example.com', secret },
      { url: 'ftp://example.com', secret, allowHttp: true },
      { url: 'https://user:password@example.com', secret },
      { url, secret: 'whsec_c2hvcnQ=' },
      { url, secret: '' },
    ]) {
      expect(() => webhook(options)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
    }
  });
});

describe('addresses', () => {
  test('of the public internet are told from all others', () => {
    const open = ['1.1.1.1', '172.15.0.1', '2606:4700::1111', '192.169.0.1', '100.63.0.1'];
    const shut = ['10.1.2.3', '172.31.0.1', '169.254.169.254', '100.100.0.1', '0.0.0.0', '::1'];
    const odd = ['fd00::1', 'fe80::1%eth0', '::ffff:8.8.8.8', '64:ff9b::a00:1', 'ff02::1', 'no ip'];
    expect(open.filter((address) => !isPublic(address))).toEqual([]);
    expect([...shut, ...odd].filter((address) => isPublic(address))).toEqual([]);
  });

  test('a name is judged by what it resolves to', async () => {
    const error = await new Promise((resolve) => publicLookup('localhost', { all: true }, resolve));
    expect(String(error)).toContain('localhost is not an address of the public internet');
  });
});
