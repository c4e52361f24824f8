/**
 * Which JavaScript values survive being written as JSON and read back.
 *
 * J1. A value that passes gives JSON text from which JSON.parse builds an equal value, but for two
 *     things: a member whose value is undefined is dropped (reading it back gives undefined again),
 *     and -0 becomes 0.
 * J2. Integers beyond ±(2^53−1) are refused; every number of that size is an integer to JavaScript,
 *     so all of them are. That also catches each integer in a text that JSON.parse had to round.
 * J3. Only plain objects and arrays nest. Getters of objects and toJSON are refused, so that the
 *     caller's code doesn't run between this check and the writing. Members that aren't enumerable
 *     don't count.
 * J4. The walk is bounded by the byte limit, so a small graph of shared references that unfolds
 *     into an enormous text is refused early, and a cycle ends at the depth limit.
 *
 * Lone surrogates are not looked for here: JSON.stringify escapes them, which `json-text.ts`
 * notices far more cheaply, and only then asks `findLoneSurrogate` where they are.
 */
import { limits } from '../limits.ts';
import { fault, within } from './fault.ts';
import type { Fault } from './fault.ts';

type Members = Readonly<Record<string, unknown>>;

/** Bytes that the walk may still account for. Synchronous, so one variable serves every walk. */
let remaining = 0;

/** The first fault of any JavaScript value, which will sit `depth` levels deep in a larger one. */
export function findFault(value: unknown, maxBytes: number, depth = 0): Fault | undefined {
  remaining = maxBytes;
  const found = walk(value, depth);
  if (found?.reason === 'depth') return cycleOf(value, found) ?? found;
  // Where the limit was crossed says nothing: it is the whole that is too large.
  if (found?.reason === 'size') found.upward.length = 0;
  return found;
}

/** The first fault of what JSON.parse returned, where most of the rules hold already. */
export function findParsedFault(value: unknown, depth = 0): Fault | undefined {
  if (typeof value === 'number') return numberFault(value);
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= limits.valueDepth) return tooDeep();
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const found = findParsedFault(value[index], depth + 1);
      if (found !== undefined) return within(found, index);
    }
    return undefined;
  }
  const members = value as Members;
  for (const key of Object.keys(members)) {
    if (key === '__proto__') return within(protoKey(), key);
    const found = findParsedFault(members[key], depth + 1);
    if (found !== undefined) return within(found, key);
  }
  return undefined;
}

/** Where a value that passed `findFault` holds a lone surrogate, in a string or a key. */
export function findLoneSurrogate(value: unknown): Fault | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : loneSurrogate('is text');
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const found = findLoneSurrogate(value[index]);
      if (found !== undefined) return within(found, index);
    }
    return undefined;
  }
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const found = key.isWellFormed() ? findLoneSurrogate(member) : loneSurrogate('has a key');
    if (found !== undefined) return within(found, key);
  }
  return undefined;
}

function walk(value: unknown, depth: number): Fault | undefined {
  switch (typeof value) {
    case 'string':
      remaining -= value.length + 2;
      return remaining < 0 ? tooLarge() : undefined;
    case 'number':
      remaining -= 1;
      return numberFault(value);
    case 'boolean':
      remaining -= 4;
      return undefined;
    case 'object':
      if (value === null) return undefined;
      remaining -= 2;
      if (remaining < 0) return tooLarge();
      if (depth >= limits.valueDepth) return tooDeep();
      return Array.isArray(value) ? walkArray(value, depth) : walkObject(value, depth);
    case 'undefined':
      return fault('undefined', 'is undefined, which JSON has no form for');
    case 'function':
      return fault('function', 'is a function');
    case 'symbol':
      return fault('symbol', 'is a symbol');
    case 'bigint':
      return fault('bigint', 'is a bigint; write it as text or as a number within ±(2^53−1)');
  }
}

function walkArray(array: readonly unknown[], depth: number): Fault | undefined {
  if (Object.getPrototypeOf(array) !== Array.prototype) return classInstance(array);
  // A byte per element, before its keys are listed: an array of 2^32 holes ends here.
  remaining -= Math.max(array.length - 1, 0);
  if (remaining < 0) return tooLarge();
  const fromMembers = ownExtras(array);
  if (fromMembers !== undefined) return fromMembers;
  for (let index = 0; index < array.length; index += 1) {
    const element = array[index];
    const found = element === undefined ? noElement(array, index) : walk(element, depth + 1);
    if (found !== undefined) return within(found, index);
  }
  return undefined;
}

function walkObject(value: object, depth: number): Fault | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return classInstance(value);
  if (typeof (value as Members)['toJSON'] === 'function') {
    return fault('to_json', 'has a toJSON function, which would write something else in its place');
  }
  if (Object.getOwnPropertySymbols(value).length > 0) return symbolKey();
  for (const key of Object.keys(value)) {
    const found = walkMember(value, key, depth);
    if (found !== undefined) return within(found, key);
  }
  return undefined;
}

function walkMember(owner: object, key: string, depth: number): Fault | undefined {
  const property = Object.getOwnPropertyDescriptor(owner, key);
  if (property === undefined || property.get !== undefined || property.set !== undefined) {
    return fault('accessor', 'is a getter or setter, not a plain member');
  }
  const member: unknown = property.value;
  if (member === undefined) return undefined;
  if (key === '__proto__') return protoKey();
  remaining -= key.length + 3;
  return walk(member, depth + 1);
}

/** An array is its elements; whatever else it carries would be lost. */
function ownExtras(array: readonly unknown[]): Fault | undefined {
  if (Object.getOwnPropertySymbols(array).length > 0) return symbolKey();
  if (typeof (array as { toJSON?: unknown }).toJSON === 'function') {
    return fault('to_json', 'has a toJSON function, which would write something else in its place');
  }
  const keys = Object.keys(array);
  const last = keys.at(-1);
  // Index keys come first and in order, so the last key tells whether there is any other.
  if (last === undefined || isIndexOf(last, array)) return undefined;
  return within(fault('extra_property', 'is a named member of an array'), last);
}

function isIndexOf(key: string, array: readonly unknown[]): boolean {
  const index = Number(key);
  return index < array.length && String(index) === key;
}

function noElement(array: readonly unknown[], index: number): Fault {
  return index in array
    ? fault('undefined', 'is undefined, which JSON has no form for; use null')
    : fault('hole', 'is a hole in an array');
}

function numberFault(value: number): Fault | undefined {
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return undefined;
  if (Number.isFinite(value)) {
    return fault('unsafe_integer', 'is an integer beyond ±(2^53−1), where digits are lost');
  }
  return fault('not_finite', `is ${value}, which JSON has no form for`);
}

function classInstance(value: object): Fault {
  const { constructor } = value as { constructor?: unknown };
  const name = typeof constructor === 'function' && constructor.name !== '' ? constructor.name : '';
  const what = name === '' ? 'an object with a prototype of its own' : `an instance of ${name}`;
  return fault('class_instance', `is ${what}; only plain objects and arrays are JSON`);
}

function symbolKey(): Fault {
  return fault('symbol_key', 'has a symbol as a key');
}

function protoKey(): Fault {
  return fault('proto_key', 'is a member named __proto__, which is refused');
}

function loneSurrogate(where: string): Fault {
  return fault('lone_surrogate', `${where} with a lone surrogate, which UTF-8 has no form for`);
}

function tooDeep(): Fault {
  return fault('depth', `is nested more than ${limits.valueDepth} levels deep`);
}

function tooLarge(): Fault {
  return fault('size', 'is larger than the limit');
}

/** Follows the path of a depth fault: an object that is met twice on it is a cycle. */
function cycleOf(root: unknown, tooDeepFault: Fault): Fault | undefined {
  const seen = new Set<unknown>([root]);
  const path: (string | number)[] = [];
  let value = root;
  for (const segment of tooDeepFault.upward.toReversed()) {
    value = (value as Readonly<Record<string | number, unknown>>)[segment];
    path.push(segment);
    if (seen.has(value)) {
      const found = fault('cycle', 'points back to an object that holds it: a cycle');
      found.upward.push(...path.reverse());
      return found;
    }
    seen.add(value);
  }
  return undefined;
}
