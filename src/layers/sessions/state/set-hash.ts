/**
 * The hash of a state: the sum of the hashes of its entries, modulo 2^128.
 *
 * H1. It depends on the set of entries alone, not on the order or the history that made it.
 * H2. It is incremental: a change subtracts the entry as it was and adds the entry as it is, so it
 *     costs the change and not the state.
 * H3. An entry's hash is the first 16 bytes, big-endian, of SHA-256 over its canonical form: the
 *     key's length in UTF-8 bytes, ':', the key, 'j' and the value as JSON with the members of
 *     objects sorted (RFC 8785), or 'b' and the value's bytes.
 *
 * It finds every accident. It is no signature: who may write the state may also write the hash.
 */
import { sha256 } from '../../../internal/sha256.ts';
import { utf8Length } from '../../../internal/bytes.ts';
import type { StoredValue } from '../../../ledger/index.ts';

/** 32 lower-case hex digits. */
export type StateHash = string;

const modulus = 128;
const encoder = new TextEncoder();

export const emptySum = 0n;
export const emptyHash: StateHash = hashText(emptySum);

/** `sum` after an entry became another; undefined stands for no entry. */
export function changedSum(
  sum: bigint,
  key: string,
  before: StoredValue | undefined,
  after: StoredValue | undefined,
): bigint {
  const gone = before === undefined ? 0n : entryHash(key, before);
  const come = after === undefined ? 0n : entryHash(key, after);
  return BigInt.asUintN(modulus, sum - gone + come);
}

export function hashText(sum: bigint): StateHash {
  return sum.toString(16).padStart(modulus / 4, '0');
}

export function sumOf(hash: StateHash): bigint {
  return BigInt(`0x${hash}`);
}

/**
 * The same kind of hash of any bytes at once: for payloads that are not made of entries. Costs a
 * pass over them.
 *
 * @example
 * import { digest } from 'holdfast/sessions';
 *
 * digest('hello'); // => '2cf24dba5fb0a30e26e83b2ac5b9e29e'
 * digest(new TextEncoder().encode('hello')) === digest('hello'); // => true
 */
export function digest(bytes: Uint8Array | string): StateHash {
  return hashText(firstWord(bytes));
}

/**
 * A set's hash after elements went and came: for codecs whose contents are sets of something. Costs
 * what changed. `emptyHash` is that of the empty set. Believes that what goes was there.
 *
 * @example
 * import { changedHash, emptyHash } from 'holdfast/sessions';
 *
 * const both = changedHash(emptyHash, [], ['a', 'b']);
 * changedHash(both, ['b'], []) === changedHash(emptyHash, [], ['a']); // => true
 */
export function changedHash(
  hash: StateHash,
  gone: Iterable<string>,
  come: Iterable<string>,
): StateHash {
  let sum = sumOf(hash);
  for (const element of gone) sum -= firstWord(element);
  for (const element of come) sum += firstWord(element);
  return hashText(BigInt.asUintN(modulus, sum));
}

function entryHash(key: string, value: StoredValue): bigint {
  const name = `${utf8Length(key)}:${key}`;
  const { content } = value;
  if (typeof content === 'string') return firstWord(`${name}j${canonicalText(content)}`);
  const head = encoder.encode(`${name}b`);
  const whole = new Uint8Array(head.byteLength + content.byteLength);
  whole.set(head);
  whole.set(content, head.byteLength);
  return firstWord(whole);
}

function firstWord(content: string | Uint8Array): bigint {
  const hash = sha256(content);
  const view = new DataView(hash.buffer, hash.byteOffset);
  return (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
}

/** JSON text with the members of every object in the order of their names' UTF-16 units. */
function canonicalText(text: string): string {
  // Only objects can be written in several ways: stored text has no blanks and one form of numbers.
  return text.includes('{') ? canonical(JSON.parse(text)) : text;
}

function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const members = value as Readonly<Record<string, unknown>>;
  const names = Object.keys(members).sort();
  const written = names.map((name) => `${JSON.stringify(name)}:${canonical(members[name])}`);
  return `{${written.join(',')}}`;
}
