/** What a recipe is made on: an app, wherever its ledger is. */
import { HoldfastError } from '../../errors/index.ts';
import type { ScopeHost } from '../scopes/index.ts';

/** An `App` is one. */
export interface RecipeApp {
  /** For layers. */
  readonly host: ScopeHost;
}

/** Throws `invalid_argument` for anything but a whole number of at least `least`. */
export function checkAmount(value: unknown, what: string, least = 1): void {
  if (Number.isSafeInteger(value) && (value as number) >= least) return;
  const text = `${what} must be a whole number, ${least} or more`;
  throw new HoldfastError('invalid_argument', text, { details: { [what]: String(value) } });
}

/** The same for what may be left out. */
export function checkOptional(value: unknown, what: string, least = 1): void {
  if (value !== undefined) checkAmount(value, what, least);
}
