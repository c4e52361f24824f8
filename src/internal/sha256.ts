/**
 * SHA-256, by the runtime where it has a synchronous one, in JavaScript where it has not.
 *
 * A browser's own is asynchronous; Node's takes a fifth of the time of the one in JavaScript.
 */
import { sha256 as portable } from '@noble/hashes/sha2.js';

export type Sha256 = (data: string | Uint8Array) => Uint8Array;

const encoder = new TextEncoder();

/** The same on every runtime. Texts are hashed as UTF-8. */
export const portableSha256: Sha256 = (data) => {
  return portable(typeof data === 'string' ? encoder.encode(data) : data);
};

export const sha256: Sha256 = native() ?? portableSha256;

function native(): Sha256 | undefined {
  const runtime = globalThis.process as typeof globalThis.process | undefined;
  const crypto = runtime?.getBuiltinModule?.('crypto');
  return crypto && ((data) => crypto.hash('sha256', data, 'buffer'));
}
