/**
 * What each operation makes of the value at its path. `there` is undefined where there is nothing;
 * a null is a value, and of the wrong type for most.
 *
 * Nothing here changes what it was given, but for copies that the update already owns.
 */
import { compareText } from '../../internal/text-order.ts';
import { equalJson } from '../value/index.ts';
import { elementIndex } from './change-at-path.ts';
import type { Copies } from './copies.ts';
import { failed, isObject, wrongType } from './step.ts';
import type { Step } from './step.ts';

type Json = Readonly<Record<string, unknown>>;

export function merged(there: unknown, step: Step, value: Json, deep: boolean): unknown {
  if (there === undefined) return value;
  if (!isObject(there)) throw wrongType(step, 'object', there);
  return mergeInto(there, value, deep, step.copies);
}

function mergeInto(there: Json, value: Json, deep: boolean, copies: Copies): unknown {
  const copy = copies.object(there);
  for (const [key, member] of Object.entries(value)) {
    const before = deep && isObject(member) && Object.hasOwn(copy, key) ? copy[key] : undefined;
    copy[key] =
      isObject(before) && isObject(member) ? mergeInto(before, member, deep, copies) : member;
  }
  return copy;
}

export function counted(there: unknown, step: Step, by: number): unknown {
  const before = there === undefined ? 0 : there;
  if (typeof before !== 'number') throw wrongType(step, 'number', before);
  const after = before + by;
  if (Math.abs(after) <= Number.MAX_SAFE_INTEGER) return after;
  throw failed(step, 'overflow', `would take ${before} by ${by} beyond ±(2^53−1)`);
}

export function extended(
  there: unknown,
  step: Step,
  values: readonly unknown[],
  where: 'start' | 'end',
): unknown {
  if (there === undefined) return values;
  const array = arrayAt(there, step);
  if (values.length === 0) return array;
  if (where === 'start') return step.copies.adopt([...values, ...array]);
  const copy = step.copies.array(array);
  for (const value of values) copy.push(value);
  return copy;
}

export function inserted(there: unknown, step: Step, index: number | '-', value: unknown): unknown {
  const array = there === undefined ? [] : arrayAt(there, step);
  const place = index === '-' ? array.length : index;
  if (place > array.length) {
    const what = `names place ${place} in an array of ${array.length}`;
    throw failed(step, 'index_out_of_range', what);
  }
  const copy = step.copies.array(array);
  copy.splice(place, 0, value);
  return copy;
}

export function bounded(
  there: unknown,
  step: Step,
  value: number | string,
  keep: 'smaller' | 'larger',
): unknown {
  if (there === undefined) return value;
  const order = comparison(there, value, step);
  return (keep === 'smaller' ? order > 0 : order < 0) ? value : there;
}

function comparison(there: unknown, value: number | string, step: Step): number {
  if (typeof value === 'number') {
    if (typeof there === 'number') return there - value;
    throw wrongType(step, 'number', there);
  }
  if (typeof there === 'string') return compareText(there, value);
  throw wrongType(step, 'string', there);
}

export function withMember(there: unknown, step: Step, value: unknown): unknown {
  if (there === undefined) return [value];
  const array = arrayAt(there, step);
  if (array.some((element) => equalJson(element, value))) return array;
  const copy = step.copies.array(array);
  copy.push(value);
  return copy;
}

export function withoutMember(there: unknown, step: Step, value: unknown): unknown {
  if (there === undefined) return undefined;
  const array = arrayAt(there, step);
  const left = array.filter((element) => !equalJson(element, value));
  return left.length === array.length ? array : step.copies.adopt(left);
}

/** `there` is what holds the member or element to remove. */
export function withoutChild(there: unknown, step: Step): unknown {
  const { path } = step.operation;
  const segment = path.at(-1);
  if (there === undefined || segment === undefined) return there;
  const at = path.slice(0, -1);
  if (Array.isArray(there)) {
    const index = elementIndex(there, segment, at.length, step);
    if (index >= there.length) return there;
    const copy = step.copies.array(there);
    copy.splice(index, 1);
    return copy;
  }
  if (typeof segment === 'number') throw wrongType(step, 'array', there, at);
  if (!isObject(there)) throw wrongType(step, 'object', there, at);
  if (!Object.hasOwn(there, segment)) return there;
  const copy = step.copies.object(there);
  delete copy[segment];
  return copy;
}

function arrayAt(there: unknown, step: Step): readonly unknown[] {
  if (Array.isArray(there)) return there as readonly unknown[];
  throw wrongType(step, 'array', there);
}
