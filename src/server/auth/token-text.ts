/**
 * How a token looks: `hf_<id>_<secret>`. The id is no secret: lists and logs show it.
 *
 * The secret is the seed of a signing key (Ed25519). The server keeps a digest to recognise the
 * token by, and the public key to recognise what its holder signed: neither lets anybody sign or
 * call in its name.
 */
import { createPrivateKey, createPublicKey, hash, timingSafeEqual } from 'node:crypto';

export interface TokenParts {
  readonly id: string;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

export const secretBytes = 32;
const form = /^hf_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;
/** What stands before a seed in a private key's standard form (PKCS #8). */
const keyPrefix = Buffer.from('302e020100300506032b657004220420', 'hex');

export function formatToken({ id, secret }: TokenParts): string {
  return `hf_${id}_${Buffer.from(secret).toString('base64url')}`;
}

/** Undefined for whatever is no token. */
export function parseToken(text: string): TokenParts | undefined {
  const [, id, secret] = form.exec(text) ?? [];
  if (id === undefined || secret === undefined) return undefined;
  return { id, secret: new Uint8Array(Buffer.from(secret, 'base64url')) };
}

export function digestOf(secret: Uint8Array): string {
  return hash('sha256', secret, 'base64url');
}

/** Takes as long whether it fits or not. */
export function hasDigest(secret: Uint8Array, digest: string): boolean {
  const found = Buffer.from(digestOf(secret));
  const expected = Buffer.from(digest);
  return found.length === expected.length && timingSafeEqual(found, expected);
}

/** The public key to the secret's signatures, as the `x` of a JSON Web Key. */
export function publicKeyOf(secret: Uint8Array): string {
  const key = Buffer.concat([keyPrefix, secret]);
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  return createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '';
}
