/**
 * What turned one value into another, said as shortly as operations can.
 *
 * Members and elements that are alike are left alone; an array that grew at its end is an `append`.
 * An insertion in the middle of an array rewrites what lies behind it, element by element: finding
 * the least difference would cost the square of the length.
 */
import { limits } from '../../../ledger/index.ts';
import type { Operation, StoredValue } from '../../../ledger/index.ts';
import type { Change } from './change.ts';

type Path = readonly (string | number)[];
type Members = Readonly<Record<string, unknown>>;

/** Shorter values are cheaper to write than to compare. */
const comparedChars = 96;
const operationsMax = 50;
const pathMax = 16;
/** Operations refuse to name these (`docs/update-operations.md`), so their values are set whole. */
const unnamable = new Set(['__proto__', 'constructor', 'prototype']);

/** The shortest change from `before` to `after`, or undefined if they are the same. */
export function changeBetween(
  key: string,
  before: StoredValue | undefined,
  after: StoredValue | undefined,
): Change | undefined {
  if (after === undefined) return before === undefined ? undefined : { key, kind: 'delete' };
  if (before !== undefined && before.content === after.content) return undefined;
  const operations = before === undefined ? undefined : operationsBetween(before, after);
  if (operations === undefined) return { key, kind: 'set', value: after };
  if (operations.length === 0) return undefined;
  return { key, kind: 'update', operations };
}

function operationsBetween(
  before: StoredValue,
  after: StoredValue,
): readonly Operation[] | undefined {
  const { content } = after;
  if (typeof content !== 'string' || content.length < comparedChars || before.isBytes) return;
  const operations: Operation[] = [];
  if (!collect(before.decode(), after.decode(), [], operations)) return;
  return JSON.stringify(operations).length < content.length ? operations : undefined;
}

/** Adds what makes `a` into `b`; false if that is not worth it. */
function collect(a: unknown, b: unknown, path: Path, operations: Operation[]): boolean {
  if (a === b) return true;
  if (path.length > pathMax || operations.length > operationsMax) return false;
  if (Array.isArray(a) && Array.isArray(b)) return collectElements(a, b, path, operations);
  if (isObject(a) && isObject(b)) return collectMembers(a, b, path, operations);
  if (path.length === 0) return false;
  operations.push({ op: 'set', path, value: b });
  return true;
}

function collectMembers(a: Members, b: Members, path: Path, operations: Operation[]): boolean {
  for (const name of Object.keys(a)) {
    if (Object.hasOwn(b, name)) continue;
    if (!isNamable(name)) return false;
    operations.push({ op: 'remove', path: [...path, name] });
  }
  for (const [name, value] of Object.entries(b)) {
    const old = Object.hasOwn(a, name) ? a[name] : undefined;
    if (old === value) continue;
    if (!isNamable(name)) return false;
    const inner = [...path, name];
    if (old === undefined) operations.push({ op: 'set', path: inner, value });
    else if (!collect(old, value, inner, operations)) return false;
  }
  return operations.length <= operationsMax;
}

function isNamable(name: string): boolean {
  return !unnamable.has(name) && name.length * 3 <= limits.segmentBytes;
}

function collectElements(
  a: readonly unknown[],
  b: readonly unknown[],
  path: Path,
  operations: Operation[],
): boolean {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index += 1) {
    if (!collect(a[index], b[index], [...path, index], operations)) return false;
  }
  for (let index = a.length - 1; index >= shared; index -= 1) {
    operations.push({ op: 'remove', path: [...path, index] });
    if (operations.length > operationsMax) return false;
  }
  const added = b.slice(shared);
  if (added.length > 0) operations.push({ op: 'append', path, values: added });
  return operations.length <= operationsMax;
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
