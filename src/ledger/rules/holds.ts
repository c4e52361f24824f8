/**
 * What the outcomes of a group rest on beyond the entries that it read: scopes that are unchanged,
 * counts that leave room under a quota, or that leave none.
 *
 * Counts move all the time, so no outcome rests on an exact one.
 */
import type { CountBounds, Holds, ScopeHold } from '../../engine/index.ts';

export type CountUnit = 'entries' | 'bytes';

type Bounds = Partial<Record<CountUnit, { least?: number; most?: number }>>;

export class GroupHolds {
  readonly #app: Bounds = {};
  readonly #scopes = new Map<string, Bounds & { revision?: number }>();

  unchanged(scope: string, revision: number): void {
    this.#scope(scope).revision = revision;
  }

  /** A growth fits as long as the count was at most `most`. No scope means the whole app. */
  most(scope: string | undefined, unit: CountUnit, most: number): void {
    const bound = (this.#bounds(scope)[unit] ??= {});
    bound.most = Math.min(bound.most ?? Infinity, most);
  }

  /** A growth is refused as long as the count was at least `least`. */
  least(scope: string | undefined, unit: CountUnit, least: number): void {
    const bound = (this.#bounds(scope)[unit] ??= {});
    bound.least = Math.max(bound.least ?? -Infinity, least);
  }

  all(): Holds | undefined {
    const app: CountBounds = this.#app;
    if (this.#scopes.size === 0) return Object.keys(app).length === 0 ? undefined : app;
    const scopes: ScopeHold[] = [];
    for (const [scope, hold] of this.#scopes) scopes.push({ scope, ...hold });
    return { ...app, scopes };
  }

  #bounds(scope: string | undefined): Bounds {
    return scope === undefined ? this.#app : this.#scope(scope);
  }

  #scope(scope: string): Bounds & { revision?: number } {
    let hold = this.#scopes.get(scope);
    if (hold === undefined) {
      hold = {};
      this.#scopes.set(scope, hold);
    }
    return hold;
  }
}
