/**
 * Whether operations of two executors on one value come to the same in either order.
 *
 * Conservative: what is not known to commute does not. Counting commutes with counting, `min` with
 * `min`, `max` with `max`, `addToSet` with `addToSet` and `pull` with `pull` at one path (a set's
 * order is the declared order of executors); anything commutes with what touches another part.
 */
import type { Operation } from '../../../ledger/index.ts';

type Segment = string | number;

const families: Readonly<Record<string, string>> = {
  increment: 'count',
  decrement: 'count',
  min: 'min',
  max: 'max',
  addToSet: 'addToSet',
  pull: 'pull',
};

export function commute(a: readonly Operation[], b: readonly Operation[]): boolean {
  return a.every((one) => b.every((other) => pairCommutes(one, other)));
}

function pairCommutes(a: Operation, b: Operation): boolean {
  const [first, second] = [touched(a), touched(b)];
  const shared = Math.min(first.length, second.length);
  const differs = (depth: number) => String(first[depth]) !== String(second[depth]);
  for (let depth = 0; depth < shared; depth += 1) if (differs(depth)) return true;
  const family = families[a.op];
  return first.length === second.length && family !== undefined && family === families[b.op];
}

/** The part of the value that an operation may change, or move. */
function touched({ op, path = [] }: Operation): readonly Segment[] {
  // Operations that were checked have a list; a pointer would stand for the whole value.
  const segments = typeof path === 'string' ? [] : path;
  const last = segments.at(-1);
  // Adding or removing an element moves those behind it.
  const moves = last === '-' || ((op === 'remove' || op === 'insert') && isIndex(last));
  return moves ? segments.slice(0, -1) : segments;
}

function isIndex(segment: Segment | undefined): boolean {
  return typeof segment === 'number' || (segment !== undefined && /^\d+$/.test(segment));
}
