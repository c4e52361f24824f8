/**
 * Where the recipes keep what they know. The only place that builds their addresses.
 *
 * What is called NAME is in the scope `$<recipe>/NAME`, which has the rights of the scope NAME.
 *
 * `$cache/NAME`     `v/KEY` a computed value, which lives as long as it may be served at all
 *                   `f/KEY` 1 while that value is fresh; 0 while it is known that there is none
 *                   `c/KEY` who computes it now
 * `$limit/NAME`     `KEY` the limit's kind, and what was taken in that kind's form
 * `$once/NAME`      `r/KEY` the result of what ran once, with the fingerprint of its request
 *                   `c/KEY` who runs it now
 * `$visitor/NAME`   `d/DIGEST` the data of a session, by the SHA-256 of its id
 *                   `m/DIGEST` is there while the session may live at all
 *
 * A lock NAME is the ledger's ownership of the resource `$lock/NAME`, which has those rights too.
 * Counters and cached scopes are in the scopes that they are given.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { Ref } from '../../ledger/index.ts';

export type Recipe = 'cache' | 'limit' | 'lock' | 'once' | 'visitor';

/** Throws `invalid_name` for a name that would borrow the rights of a layer. */
export function scopeOf(recipe: Recipe, name: string): string {
  if (typeof name === 'string' && name !== '' && !name.startsWith('$')) return `$${recipe}/${name}`;
  const text = `the name of a ${recipe} must be text that does not start with '$'`;
  throw new HoldfastError('invalid_name', text, { details: { name } });
}

/** The entries of one key: each kind of entry has its letter. */
export function refOf(scope: string, letter: 'c' | 'd' | 'f' | 'm' | 'r' | 'v', key: string): Ref {
  return { scope, key: `${letter}/${key}` };
}
