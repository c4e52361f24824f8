/** What a declared command does when it is called, and what calls it. */
import type { Context } from '../context.ts';

export type Action<A extends unknown[]> = (context: Context, ...values: A) => Promise<void>;

/** Makes of an action what Commander calls: with a context of its own, its output flushed. */
export type Run = <A extends unknown[]>(
  action: Action<A>,
) => (...values: unknown[]) => Promise<void>;
