/**
 * A trigger's handler that is an HTTP endpoint.
 *
 * H1. An answer of 2xx is done; everything else, a redirect too, is a failed attempt, which the
 *     trigger tries again, in order per key.
 * H2. Every attempt of an event has the same `webhook-id`: what a receiver recognises a repeat by.
 * H3. No error and no log has the secret, the headers, or more of the URL than its host.
 */
import { createHash } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { HoldfastError } from '../errors/index.ts';
import { systemClock } from '../internal/clock.ts';
import type { Clock } from '../internal/clock.ts';
import type { TriggerEvent, TriggerHandler } from '../layers/triggers/index.ts';
import { AddressRefused } from './addresses.ts';
import { post } from './post.ts';
import type { PostAnswer } from './post.ts';

export interface WebhookOptions {
  /** `https:`, or `http:` with `allowHttp`. */
  readonly url: string | URL;
  /** `whsec_` and base64, 24 to 64 bytes, shared with the receiver. */
  readonly secret: string;
  /** Sent along, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The body: the event's own JSON, or a CloudEvent in structured mode. Default 'state'. */
  readonly format?: 'state' | 'cloudevent' | undefined;
  /** Default 15,000. */
  readonly timeoutMs?: number | undefined;
  /** An event whose body is larger fails without being sent. Default 1 MiB. */
  readonly bodyBytes?: number | undefined;
  /** What is read of an answer before it is cut off. Default 64 KiB. */
  readonly responseBytes?: number | undefined;
  /** Follows 307 and 308, up to 3 of them, each judged like the first URL. Default false. */
  readonly allowRedirects?: boolean | undefined;
  /** Lets it reach addresses that are not of the public internet. Default false. */
  readonly allowPrivateAddresses?: boolean | undefined;
  readonly allowHttp?: boolean | undefined;
  /** For tests: whose time it is. */
  readonly clock?: Clock | undefined;
}

const redirectsMax = 3;

interface Prepared {
  readonly options: WebhookOptions;
  readonly url: URL;
  readonly signer: Webhook;
  readonly clock: Clock;
}

/**
 * Makes a handler for `app.trigger`. Give the trigger a `timeoutMs` above the webhook's own.
 * Throws `invalid_argument` for a URL or a secret that cannot work.
 *
 * @example
 * import { once } from 'node:events';
 * import { createServer } from 'node:http';
 * import type { AddressInfo } from 'node:net';
 * import { Webhook } from 'standardwebhooks';
 * import { webhook } from 'holdfast/webhooks';
 *
 * const secret = `whsec_${'A'.repeat(32)}`;
 * const received = Promise.withResolvers<unknown>();
 * const receiver = createServer(async (request, response) => {
 *   const body = (await request.toArray()).join('');
 *   const headers = request.headers as Record<string, string>;
 *   received.resolve(new Webhook(secret).verify(body, headers));
 *   response.end();
 * });
 * await once(receiver.listen(0, '127.0.0.1'), 'listening');
 * const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
 * const hook = webhook({ url, secret, allowHttp: true, allowPrivateAddresses: true });
 * const trigger = await app.trigger('mail', { scope: 'orders' }, hook);
 * await app.scope('orders').set('o1', { total: 7 });
 * await received.promise; // => { scope: 'orders', key: 'o1', new_value: { total: 7 } }
 * await trigger.stop();
 * receiver.close();
 */
export function webhook(options: WebhookOptions): TriggerHandler {
  const prepared: Prepared = {
    options,
    url: urlOf(String(options.url), options),
    signer: signerOf(options.secret),
    clock: options.clock ?? systemClock,
  };
  return (event, { signal }) => deliver(prepared, event, signal);
}

async function deliver(
  prepared: Prepared,
  event: TriggerEvent,
  signal: AbortSignal,
): Promise<void> {
  const { options, clock } = prepared;
  const isCloud = options.format === 'cloudevent';
  const body = JSON.stringify(isCloud ? event.toCloudEvent() : event);
  const limit = options.bodyBytes ?? 1024 * 1024;
  const size = Buffer.byteLength(body);
  if (size > limit) {
    throw failed(prepared.url, 'too_large', `its body has ${size} bytes; at most ${limit}`);
  }
  const headers = {
    ...options.headers,
    ...signed(prepared, event, body),
    'content-type': isCloud ? 'application/cloudevents+json' : 'application/json',
    'user-agent': 'holdfast-webhook/1',
  };
  const timeoutMs = options.timeoutMs ?? 15_000;
  const late = new AbortController();
  const timer = clock.after(timeoutMs, () => late.abort());
  try {
    await send(prepared, body, headers, AbortSignal.any([signal, late.signal]));
  } catch (error) {
    if (!late.signal.aborted) throw error;
    throw failed(prepared.url, 'timeout', `no answer within ${timeoutMs} ms`);
  } finally {
    timer.cancel();
  }
}

async function send(
  prepared: Prepared,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const { options } = prepared;
  const allowPrivate = options.allowPrivateAddresses === true;
  const responseBytes = options.responseBytes ?? 64 * 1024;
  let { url } = prepared;
  for (let redirects = 0; ; redirects += 1) {
    const answer = await posted({ url, body, headers, allowPrivate, responseBytes, signal });
    const { status, location } = answer;
    if (status >= 200 && status < 300) return;
    const isFollowed =
      options.allowRedirects === true && (status === 307 || status === 308) && location;
    if (!isFollowed || redirects === redirectsMax) throw unaccepted(prepared, url, answer);
    const next = urlOf(new URL(location, url).href, options);
    // Whatever the headers authorise, they authorise it there and nowhere else.
    if (next.origin !== url.origin) throw unaccepted(prepared, url, answer);
    url = next;
  }
}

async function posted(request: Parameters<typeof post>[0]): Promise<PostAnswer> {
  try {
    return await post(request);
  } catch (error) {
    const isRefused = error instanceof AddressRefused;
    const { code } = error as { code?: unknown };
    const told = typeof code === 'string' ? code : 'unknown';
    const why = isRefused ? error.message : `the connection failed (${told})`;
    throw failed(request.url, isRefused ? 'address' : 'connection', why);
  }
}

function unaccepted({ clock }: Prepared, url: URL, answer: PostAnswer): HoldfastError {
  const { status, retryAfter } = answer;
  const isRedirect = status >= 300 && status < 400;
  const why = isRedirect ? `it redirects (${status}), which is not allowed` : `it said ${status}`;
  const retryAfterMs = waitOf(retryAfter, clock);
  return failed(url, isRedirect ? 'redirect' : 'status', why, { status, retryAfterMs });
}

/** `Retry-After`: seconds, or a date. */
function waitOf(header: string | undefined, clock: Clock): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - clock.now();
  return Number.isSafeInteger(ms) && ms > 0 ? ms : undefined;
}

function signed({ signer, clock }: Prepared, event: TriggerEvent, body: string) {
  const id = `evt_${createHash('sha256').update(event.id).digest('hex').slice(0, 32)}`;
  const seconds = Math.floor(clock.now() / 1000);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': signer.sign(id, new Date(seconds * 1000), body),
  };
}

function signerOf(secret: unknown): Webhook {
  const key =
    typeof secret === 'string' ? Buffer.from(secret.replace(/^whsec_/, ''), 'base64') : [];
  if (key.length < 24 || key.length > 64) {
    const text = 'the secret of a webhook is whsec_ and the base64 of 24 to 64 bytes';
    throw new HoldfastError('invalid_argument', text);
  }
  return new Webhook(secret as string);
}

function urlOf(text: string, { allowHttp = false }: WebhookOptions): URL {
  if (!URL.canParse(text)) {
    throw new HoldfastError('invalid_argument', 'the url of a webhook is no URL');
  }
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(allowHttp && url.protocol === 'http:')) {
    const text = `a webhook is sent by https, not by ${url.protocol.replace(':', '')}`;
    throw new HoldfastError('invalid_argument', text, { details: { host: url.host } });
  }
  if (url.username !== '' || url.password !== '') {
    throw new HoldfastError('invalid_argument', 'the url of a webhook holds no user or password');
  }
  return url;
}

type Reason = 'status' | 'redirect' | 'address' | 'connection' | 'timeout' | 'too_large';

function failed(
  url: URL,
  reason: Reason,
  why: string,
  details: Record<string, unknown> = {},
): HoldfastError {
  const text = `the webhook at ${url.host} did not take an event: ${why}`;
  return new HoldfastError('webhook_failed', text, {
    details: { host: url.host, reason, ...details },
  });
}
