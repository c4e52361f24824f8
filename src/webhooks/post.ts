/** One POST: to an address that was judged, within a time, reading no more than it must. */
import { request as requestHttp } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { AddressRefused, hostOf, isPublic, publicLookup } from './addresses.ts';

export interface Post {
  readonly url: URL;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly allowPrivate: boolean;
  readonly responseBytes: number;
  readonly signal: AbortSignal;
}

export interface PostAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly retryAfter: string | undefined;
}

/** Throws what the connection throws, and `AddressRefused`. Redirects are answers. */
export function post({ url, body, headers, allowPrivate, ...rest }: Post): Promise<PostAnswer> {
  const host = hostOf(url);
  if (!allowPrivate && isIP(host) !== 0 && !isPublic(host)) {
    return Promise.reject(new AddressRefused(host));
  }
  const options: RequestOptions = {
    method: 'POST',
    headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    // A connection of its own: one from a pool was judged for somebody else.
    agent: false,
    signal: rest.signal,
    ...(!allowPrivate && { lookup: publicLookup }),
  };
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const request = send(url, options, (response) => {
      drained(response, rest.responseBytes).then(
        () => resolve(answerOf(response)),
        (error: unknown) => reject(error as Error),
      );
    });
    request.once('error', reject);
    request.once('socket', (socket) => {
      socket.once('connect', () => {
        const reached = socket.remoteAddress ?? '';
        if (!allowPrivate && !isPublic(reached)) request.destroy(new AddressRefused(host));
      });
    });
    request.end(body);
  });
}

function answerOf({ statusCode = 0, headers }: IncomingMessage): PostAnswer {
  const { location, 'retry-after': retryAfter } = headers;
  return { status: statusCode, location, retryAfter };
}

/** Nobody needs the body; one that does not end is cut off. */
function drained(response: IncomingMessage, most: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= most) return;
      response.destroy();
      resolve();
    });
    response.once('end', resolve);
    response.once('error', reject);
    response.once('close', resolve);
  });
}
