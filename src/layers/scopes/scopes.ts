/** All scopes of one app: handles, names, transactions and batches over them. */
import type { ScopeInfo } from '../../ledger/index.ts';
import { Batch } from './batch.ts';
import { Scope } from './scope.ts';
import type { ScopeHost } from './scope-host.ts';
import type { ScopeOptions } from './scope-options.ts';
import type { SchemaInput, SchemaOutput, StandardSchema } from './values/standard-schema.ts';
import { transact } from './transaction/transact.ts';
import type { TransactOptions } from './transaction/transact.ts';
import type { Transaction } from './transaction/transaction.ts';

/** The options of a scope with a schema, from which the types of its values follow. */
export type SchemaScopeOptions<S extends StandardSchema> = Omit<
  ScopeOptions<SchemaInput<S>, SchemaOutput<S>>,
  'schema'
> & { readonly schema: S };

export class Scopes {
  readonly #host: ScopeHost;

  constructor(host: ScopeHost) {
    this.#host = host;
  }

  /** A handle; costs nothing and checks nothing in the store. */
  scope<S extends StandardSchema>(
    name: string,
    options: SchemaScopeOptions<S>,
  ): Scope<SchemaInput<S>, SchemaOutput<S>>;
  scope<T = unknown>(name: string, options?: Omit<ScopeOptions<T, T>, 'schema'>): Scope<T>;
  scope(name: string, options?: ScopeOptions<unknown, unknown>): Scope {
    return new Scope(this.#host, name, options);
  }

  /** The scopes that hold entries, by name. Costs as many steps as there are scopes. */
  async *list(
    query: { readonly prefix?: string | undefined; readonly internal?: boolean | undefined } = {},
  ): AsyncGenerator<ScopeInfo, void, undefined> {
    let cursor: string | undefined;
    do {
      const page = await this.#host.ledger.scopes({ ...query, limit: 1000, cursor });
      yield* page.items;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  transact<T>(run: (tx: Transaction) => Promise<T> | T, options?: TransactOptions): Promise<T> {
    return transact(this.#host, run, options);
  }

  batch(): Batch {
    return new Batch(this.#host);
  }
}
