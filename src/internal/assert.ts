/** Assertions for broken invariants: programmer errors, never user input, never caught. */
import { HoldfastError } from '../errors/index.ts';

export function assert(condition: unknown, message: string): asserts condition {
  if (condition !== true && !condition) throw new HoldfastError('internal', message);
}

/** `value`, which cannot be missing here unless something inside is broken. */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new HoldfastError('internal', `${what} is missing`);
  return value;
}
