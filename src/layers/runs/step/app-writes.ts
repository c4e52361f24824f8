/**
 * Writes to the app's scopes and lists that are committed together with the step.
 *
 * A1. They are staged: nobody sees them before the step's commit, and a step that is dropped drops
 *     them.
 * A2. Like a batch they read nothing. What depends on a read names the version that it saw with
 *     `expect`; if that no longer holds at the commit, the whole step is refused.
 */
import { checkOperations } from '../../../ledger/index.ts';
import type { Check, Operation, StoredValue } from '../../../ledger/index.ts';
import type { List } from '../../lists/index.ts';
import { Batch } from '../../scopes/index.ts';
import type { Scope, ScopeHost, StagedWriteOptions } from '../../scopes/index.ts';

/** What an executor appends to one list. */
export interface StagedAppend {
  readonly list: List<never, unknown>;
  readonly items: Promise<readonly StoredValue[]>;
}

export class AppWrites {
  readonly #host: ScopeHost;
  readonly #batch: Batch;
  readonly #checkOpen: () => void;
  readonly #checks: Check[] = [];
  readonly #appends: StagedAppend[] = [];

  constructor(host: ScopeHost, checkOpen: () => void) {
    this.#host = host;
    this.#batch = new Batch(host);
    this.#checkOpen = checkOpen;
  }

  /**
   * Stages a value for a scope of the app. Throws `schema_mismatch`.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const step = run.step();
   * step.view('counter').app.set(scope, 'n', 1);
   * await step.commit();
   * await scope.get('n'); // => 1
   */
  set<In, Out>(
    scope: Scope<In, Out>,
    key: string,
    value: In,
    options: StagedWriteOptions = {},
  ): void {
    this.#checkOpen();
    this.#batch.set(scope, key, value, options);
  }

  /**
   * Stages a removal; nothing happens to a key that is missing.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * await scope.set('n', 1);
   * const step = run.step();
   * step.view('counter').app.delete(scope, 'n');
   * await step.commit();
   * await scope.has('n'); // => false
   */
  delete<In, Out>(scope: Scope<In, Out>, key: string): void {
    this.#checkOpen();
    this.#batch.delete(scope, key);
  }

  /**
   * Stages operations, applied to whatever is there at the commit. Throws `unsupported` for a scope
   * with a schema.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const step = run.step();
   * step.view('counter').app.update(scope, 'n', [{ op: 'increment', by: 2 }]);
   * await step.commit();
   * await scope.get('n'); // => 2
   */
  update<In, Out>(
    scope: Scope<In, Out>,
    key: string,
    operations: readonly Operation[],
    options: StagedWriteOptions = {},
  ): void {
    this.#checkOpen();
    this.#batch.update(scope, key, checkOperations(operations), options);
  }

  /**
   * Stages items for the end of a list of the app.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const step = run.step();
   * step.view('counter').app.append(list, 'hello');
   * await step.commit();
   * await list.range(); // => ['hello']
   */
  append<In, Out>(list: List<In, Out>, ...items: readonly In[]): void {
    this.#checkOpen();
    this.#host.checkOwn(list);
    const encoding = list.encoded(items);
    // It is awaited at the commit; a step that is dropped never asks.
    encoding.catch(() => undefined);
    this.#appends.push({ list: list as unknown as List<never, unknown>, items: encoding });
  }

  /**
   * The step commits only if the entry still has this version; 0 means that there must be none.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const { version } = await scope.set('n', 1);
   * const step = run.step();
   * step.view('counter').app.expect(scope, 'n', version);
   * await step.commit();
   */
  expect<In, Out>(scope: Scope<In, Out>, key: string, version: number): void {
    this.#checkOpen();
    this.#host.checkOwn(scope);
    this.#checks.push({ kind: 'version', scope: scope.name, key, version });
  }

  get checks(): readonly Check[] {
    return this.#checks;
  }

  get appends(): readonly StagedAppend[] {
    return this.#appends;
  }

  /** What was staged for scopes, in the order of the calls. */
  get staged(): ReturnType<Batch['staged']> {
    return this.#batch.staged();
  }
}
