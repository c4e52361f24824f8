/**
 * Tokens for workers, made from a token without asking the server: signed with the key that the
 * token's secret is the seed of. The server checks the signature, and that the parent still lives.
 */
import { SignJWT } from 'jose';
import { HoldfastError } from '../errors/index.ts';
import { systemClock } from '../internal/clock.ts';
import type { Clock } from '../internal/clock.ts';

export interface WorkerTokenOptions {
  readonly app: string;
  /** What the worker works on; its commits are stamped with it. */
  readonly request: string;
  /**
   * What it may do, by scope; never more than the parent may. Left out: it has the context of its
   * request (`openRequest`), and whatever it names is looked for there and nowhere else.
   */
  readonly grants?: readonly WorkerGrant[] | undefined;
  /** At most 24 hours. */
  readonly ttlMs: number;
  /** For tests: whose time it is. */
  readonly clock?: Clock | undefined;
}

export interface WorkerGrant {
  /** A scope's name, or the start of names and `*`. */
  readonly scope: string;
  readonly rights: readonly ('read' | 'write' | 'watch')[];
}

const form = /^hf_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;
const typ = 'holdfast-worker+jwt';
const ttlMsMax = 24 * 60 * 60 * 1000;
/** What stands before a seed in a private key's standard form (PKCS #8). */
const keyPrefix = '302e020100300506032b657004220420';

/**
 * A token for one app and one request, for a while. Asks no server: it dies with its parent, and
 * never gives more than that. Throws `invalid_argument` for a parent that is no token, or a time to
 * live below a second or above a day; `unsupported` where the platform has no Ed25519.
 *
 * @example
 * import { mintWorkerToken, open } from 'holdfast/client';
 * import { parseGrant, serve } from 'holdfast/server';
 *
 * await using server = await serve(store, { port: 0, auth: 'tokens' });
 * const parent = { name: 'shop', grants: [parseGrant('shop=read,write')] };
 * const { token: own } = await server.tokens.create(parent);
 * const grants = [{ scope: 'orders', rights: ['read'] }] as const;
 * const token = await mintWorkerToken(own, { app: 'shop', request: 'r1', grants, ttlMs: 60_000 });
 * await using worker = await open(server.url, { token });
 * const orders = worker.app('shop').scope('orders');
 * await orders.get('o1', 'none'); // => 'none'
 * await orders.set('o1', 1).catch(({ code }) => code); // => 'forbidden'
 */
export async function mintWorkerToken(
  parent: string,
  options: WorkerTokenOptions,
): Promise<string> {
  const [, id, secret] = form.exec(parent) ?? [];
  if (id === undefined || secret === undefined) {
    throw new HoldfastError('invalid_argument', 'a worker’s token is made from a whole token');
  }
  const { app, request, grants, ttlMs, clock = systemClock } = options;
  if (!Number.isSafeInteger(ttlMs) || ttlMs < 1000 || ttlMs > ttlMsMax) {
    const message = `ttlMs is a whole number of milliseconds from 1000 to ${ttlMsMax}`;
    throw new HoldfastError('invalid_argument', message, { details: { ttlMs } });
  }
  const now = Math.floor(clock.now() / 1000);
  const key = await signingKey(secret);
  return new SignJWT({ app, req: request, grants })
    .setProtectedHeader({ alg: 'EdDSA', typ, kid: id })
    .setIssuedAt(now)
    .setExpirationTime(now + Math.floor(ttlMs / 1000))
    .sign(key);
}

async function signingKey(secret: string) {
  const seed = atob(secret.replaceAll('-', '+').replaceAll('_', '/'));
  const prefix = Array.from(keyPrefix.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  const der = Uint8Array.from([...prefix, ...Array.from(seed, (unit) => unit.charCodeAt(0))]);
  try {
    return await crypto.subtle.importKey('pkcs8', der, 'Ed25519', false, ['sign']);
  } catch (error) {
    throw new HoldfastError('unsupported', 'this platform cannot sign with Ed25519', {
      cause: error,
    });
  }
}
