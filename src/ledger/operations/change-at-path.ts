/**
 * Reaches the place that a path names and puts there what a change makes of it.
 *
 * W1. Only containers on the way are copied, and none where nothing changed.
 * W2. A missing parent becomes an object where the operation creates, and ends it quietly where it
 *     does not (remove, pull). It never becomes an array: an index or '-' into nothing is an error.
 * W3. A number names an element only. Text names a member, or an element where
 *     an array is and the text is an index.
 * W4. Only a set may reach one past the end of an array, with the last segment of its path.
 */
import type { Segment } from '../value/index.ts';
import { indexFrom } from './check-path.ts';
import { failed, isObject, wrongType } from './step.ts';
import type { Step } from './step.ts';

/** What becomes of the value at the path; undefined stands for nothing there, in and out. */
export type Change = (there: unknown, step: Step) => unknown;

export function changeAtPath(
  value: unknown,
  path: readonly Segment[],
  step: Step,
  change: Change,
): unknown {
  return descend(value, 0, { path, step, change });
}

interface Walk {
  readonly path: readonly Segment[];
  readonly step: Step;
  readonly change: Change;
}

function descend(here: unknown, depth: number, walk: Walk): unknown {
  const { path, step, change } = walk;
  const segment = path[depth];
  if (segment === undefined) return change(here, step);
  if (here === undefined) return create(segment, depth, walk);
  if (Array.isArray(here)) return intoArray(here, segment, depth, walk);
  if (typeof segment === 'number') throw wrongType(step, 'array', here, path.slice(0, depth));
  if (!isObject(here)) throw wrongType(step, 'object', here, path.slice(0, depth));

  const before = Object.hasOwn(here, segment) ? here[segment] : undefined;
  const after = descend(before, depth + 1, walk);
  if (after === before) return here;
  const copy = step.copies.object(here);
  copy[segment] = after;
  return copy;
}

function create(segment: Segment, depth: number, walk: Walk): unknown {
  const { path, step } = walk;
  if (!creates(step)) return undefined;
  if (typeof segment === 'number' || segment === '-') {
    const what = 'needs an array that is not there; an append or an insert would create it';
    throw failed(step, 'missing_parent', what, path.slice(0, depth));
  }
  return step.copies.adopt({ [segment]: descend(undefined, depth + 1, walk) });
}

function intoArray(here: readonly unknown[], segment: Segment, depth: number, walk: Walk): unknown {
  const { path, step } = walk;
  const index = elementIndex(here, segment, depth, step);
  if (index >= here.length) {
    if (!creates(step)) return here;
    const extending = step.operation.op === 'set' && depth === path.length - 1;
    if (!extending || index > here.length) {
      const what = `names element ${index} of an array of ${here.length}`;
      throw failed(step, 'index_out_of_range', what, path.slice(0, depth));
    }
  }
  const before = here[index];
  const after = descend(before, depth + 1, walk);
  if (after === before) return here;
  const copy = step.copies.array(here);
  copy[index] = after;
  return copy;
}

/** The element that the path's segment at `depth` names; '-' is the one past the end. */
export function elementIndex(
  here: readonly unknown[],
  segment: Segment,
  depth: number,
  step: Step,
): number {
  if (typeof segment === 'number') return segment;
  const index = segment === '-' ? here.length : indexFrom(segment);
  if (index !== undefined) return index;
  const what = 'names a member of an array, which has elements only';
  throw failed(step, 'not_an_index', what, step.operation.path.slice(0, depth));
}

function creates(step: Step): boolean {
  const { op } = step.operation;
  return op !== 'remove' && op !== 'pull';
}
