/**
 * Tokens of workers: signed by the holder of a token, for one app and one request, for a while. The
 * server sees such a token first when it is used.
 *
 * W1. A worker may do what both its token and its parent's grants allow.
 * W2. It ends with its parent.
 * W3. A token without grants is for the context of its request and nothing else: whoever holds it
 *     says keys, and whose they are is put in here.
 */
import { importJWK, jwtVerify } from 'jose';
import { HoldfastError } from '../../errors/index.ts';
import { contextGrants } from '../../layers/contexts/index.ts';
import { checkApp } from '../../ledger/index.ts';
import { checkGrant } from './grant.ts';
import type { Grant } from './grant.ts';

export interface WorkerClaims {
  readonly grants: readonly Grant[];
  readonly request: string;
  /** The app whose context of `request` is all that it sees; undefined with grants of its own. */
  readonly contextOf: string | undefined;
  readonly expiresAt: number;
}

type Given = { readonly scope?: unknown; readonly rights?: unknown } | null | undefined;

export const workerTokenType = 'holdfast-worker+jwt';
/** A token for longer than this is no worker's. */
const lifetimeMsMax = 24 * 60 * 60 * 1000;
const requestChars = 256;

/** The id of the token that signed it, as the worker's token says; undefined if it is none. */
export function parentOf(text: string): string | undefined {
  const [header = '', , signature] = text.split('.');
  if (signature === undefined || text.length > 8192) return undefined;
  try {
    const { kid, typ } = JSON.parse(Buffer.from(header, 'base64url').toString()) as {
      kid?: unknown;
      typ?: unknown;
    };
    return typ === workerTokenType && typeof kid === 'string' ? kid : undefined;
  } catch {
    return undefined;
  }
}

/** Throws `unauthenticated` for whatever is not as it should be. */
export async function verifyWorkerToken(
  text: string,
  publicKey: string,
  now: number,
): Promise<WorkerClaims> {
  try {
    const key = await importJWK({ kty: 'OKP', crv: 'Ed25519', x: publicKey }, 'EdDSA');
    const { payload } = await jwtVerify(text, key, {
      algorithms: ['EdDSA'],
      typ: workerTokenType,
      currentDate: new Date(now),
      requiredClaims: ['exp', 'iat'],
    });
    const { exp = 0, iat = 0, app, req, grants } = payload;
    if ((exp - iat) * 1000 > lifetimeMsMax) throw new TypeError('valid for too long');
    if (typeof req !== 'string' || req === '' || req.length > requestChars) {
      throw new TypeError('without a request');
    }
    const isContext = grants === undefined;
    if (isContext) checkApp(app);
    const given = isContext ? contextGrants(req) : Array.isArray(grants) ? (grants as Given[]) : [];
    const checked = given.map((grant) =>
      checkGrant({ app, scope: grant?.scope, rights: grant?.rights }),
    );
    const contextOf = isContext ? (app as string) : undefined;
    return { grants: checked, request: req, contextOf, expiresAt: exp * 1000 };
  } catch (error) {
    const message = 'the worker’s token is not valid: expired, malformed, or signed by nobody';
    throw new HoldfastError('unauthenticated', message, { cause: error });
  }
}
