/** What a group asks of the engine: each entry and scope count once, in a fixed order. */
import type { Reads, Ref } from '../../engine/index.ts';

export class GroupReads implements Reads {
  readonly refs: Ref[] = [];
  readonly scopes: string[] = [];
  readonly #indexes = new Map<string, number>();
  /** Most groups ask for no counts. */
  #scopeIndexes: Map<string, number> | undefined;

  /** Returns whether it is new. */
  addRef(ref: Ref, address: string): boolean {
    if (this.#indexes.has(address)) return false;
    this.#indexes.set(address, this.refs.length);
    this.refs.push(ref);
    return true;
  }

  addScope(scope: string): void {
    this.#scopeIndexes ??= new Map();
    if (this.#scopeIndexes.has(scope)) return;
    this.#scopeIndexes.set(scope, this.scopes.length);
    this.scopes.push(scope);
  }

  indexOf(address: string): number | undefined {
    return this.#indexes.get(address);
  }

  scopeIndexOf(scope: string): number | undefined {
    return this.#scopeIndexes?.get(scope);
  }
}
