/** Assertions for broken invariants: programmer errors, never user input, never caught. */
import { HoldfastError } from '../errors/index.ts';

export function assert(condition: unknown, message: string): asserts condition {
  if (condition !== true && !condition) throw new HoldfastError('internal', message);
}
