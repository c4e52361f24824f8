/**
 * All lists of one app. Handles of one list share its writer, so that they don't race each other.
 */
import type { SchemaInput, SchemaOutput, ScopeHost, StandardSchema } from '../scopes/index.ts';
import { scopeOf, scopePrefix } from './keyspace.ts';
import { List } from './list.ts';
import type { ListOptions } from './list-options.ts';
import { ListWriter } from './list-writer.ts';

/** The options of a list with a schema, from which the types of its items follow. */
export type SchemaListOptions<S extends StandardSchema> = Omit<
  ListOptions<SchemaInput<S>, SchemaOutput<S>>,
  'schema'
> & { readonly schema: S };

/** Heads that are remembered for lists that nobody appends to just now. */
const idleWritersMax = 1024;

export class Lists {
  readonly #host: ScopeHost;
  readonly #writers: Map<string, ListWriter>;

  constructor(host: ScopeHost, shared?: Lists) {
    this.#host = host;
    this.#writers = shared === undefined ? new Map<string, ListWriter>() : shared.#writers;
  }

  /** The same lists, whose commits carry the host's terms. */
  with(host: ScopeHost): Lists {
    return new Lists(host, this);
  }

  /** A handle; costs nothing and checks nothing in the store. */
  list<S extends StandardSchema>(
    name: string,
    options: SchemaListOptions<S>,
  ): List<SchemaInput<S>, SchemaOutput<S>>;
  list<T = unknown>(name: string, options?: Omit<ListOptions<T, T>, 'schema'>): List<T>;
  list(name: string, options: ListOptions<unknown, unknown> = {}): List {
    return new List(this.#host, name, options, () => this.#writer(scopeOf(name)));
  }

  /** The names of the lists that there are. Costs as many steps as there are lists. */
  async *names(prefix = ''): AsyncGenerator<string, void, undefined> {
    const query = { prefix: scopePrefix + prefix, internal: true, limit: 1000 };
    let cursor: string | undefined;
    do {
      const page = await this.#host.ledger.scopes({ ...query, cursor });
      for (const { scope } of page.items) yield scope.slice(scopePrefix.length);
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  #writer(scope: string): ListWriter {
    let writer = this.#writers.get(scope);
    if (writer === undefined) {
      writer = new ListWriter(scope, () => this.#forgetIdle());
    } else {
      this.#writers.delete(scope);
    }
    // The least recently used come first.
    this.#writers.set(scope, writer);
    return writer;
  }

  #forgetIdle(): void {
    if (this.#writers.size <= idleWritersMax) return;
    for (const [scope, writer] of this.#writers) {
      if (!writer.isIdle) continue;
      this.#writers.delete(scope);
      if (this.#writers.size <= idleWritersMax) return;
    }
  }
}
