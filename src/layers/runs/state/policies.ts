/**
 * What happens when several executors of one step write the same shared key.
 *
 * Without a policy it is a `step_conflict` that names the key and both executors, unless their
 * operations commute. A policy is data, so it can be part of a graph's signature; what a reducer
 * does is code, found by its name.
 */
import { HoldfastError } from '../../../errors/index.ts';
import { checkStateKey } from './place.ts';

/** `last`: the value of whichever executor the step names last, whoever was done first. */
export type MergePolicy = 'last' | { readonly reduce: string };

export type PolicyRule =
  | { readonly key: string; readonly policy: MergePolicy }
  | { readonly prefix: string; readonly policy: MergePolicy };

export interface ReducedWrites {
  readonly key: string;
  /** The value that the step began with; undefined if there was none. */
  readonly start: unknown;
  /** What each wrote, in the declared order of executors; undefined: it deleted the key. */
  readonly writes: readonly { readonly executor: string; readonly value: unknown }[];
}

/** Makes one value of several; undefined deletes the key. Synchronous and pure. */
export type Reducer = (writes: ReducedWrites) => unknown;

export class Policies {
  readonly #keys = new Map<string, MergePolicy>();
  /** Longest first. */
  readonly #prefixes: readonly (readonly [string, MergePolicy])[];
  readonly #reducers: ReadonlyMap<string, Reducer>;

  constructor(rules: readonly PolicyRule[], reducers: Readonly<Record<string, Reducer>>) {
    this.#reducers = new Map(Object.entries(reducers));
    const prefixes: [string, MergePolicy][] = [];
    for (const rule of rules) {
      this.#check(rule);
      if ('key' in rule) this.#keys.set(rule.key, rule.policy);
      else prefixes.push([rule.prefix, rule.policy]);
    }
    this.#prefixes = prefixes.sort(([a], [b]) => b.length - a.length);
  }

  /** Of the key itself, else of the longest prefix. */
  of(key: string): MergePolicy | undefined {
    const own = this.#keys.get(key);
    return own ?? this.#prefixes.find(([prefix]) => key.startsWith(prefix))?.[1];
  }

  reduce(name: string, writes: ReducedWrites): unknown {
    const merged = this.#reducers.get(name)?.(writes);
    if (!(merged instanceof Promise)) return merged;
    merged.catch(() => undefined);
    const text = `the reducer '${name}' returned a promise for '${writes.key}'`;
    throw new HoldfastError('invalid_argument', `${text}; reducers must be synchronous`);
  }

  #check(rule: PolicyRule): void {
    if ('key' in rule) checkStateKey(rule.key);
    const { policy } = rule;
    if (policy === 'last') return;
    const name = policy?.reduce;
    if (this.#reducers.has(name)) return;
    const known = [...this.#reducers.keys()].join(', ') || 'none';
    const text = `there is no reducer '${name}'; there are: ${known}`;
    throw new HoldfastError('invalid_argument', text, { details: { rule: { ...rule } } });
  }
}
