/**
 * An opened store: apps on one engine, in this process or behind a server.
 *
 * S1. `close` answers what was asked before, makes it durable and lets go of the store. Every later
 *     call throws `closed`.
 */
import { HoldfastError } from '../errors/index.ts';
import { withoutPassword } from '../internal/without-password.ts';
import type {
  EngineStats,
  LedgerHead,
  Ledgers,
  LedgerSource,
  StoreRules,
} from '../ledger/index.ts';
import type { List, ListOptions, SchemaListOptions } from '../layers/lists/index.ts';
import type {
  SchemaInput,
  SchemaOutput,
  SchemaScopeOptions,
  Scope,
  ScopeOptions,
  StandardSchema,
} from '../layers/scopes/index.ts';
import { App } from './app.ts';
import type { AppParts } from './shared-parts.ts';

export interface AppStats extends LedgerHead {
  readonly app: string;
}

export interface StoreStats extends EngineStats {
  readonly apps: readonly AppStats[];
}

const defaultApp = 'default';

export class Store implements AsyncDisposable {
  /** What it was opened with, but for a password. */
  readonly url: string;
  /** The ledgers below, wherever they are. */
  readonly source: LedgerSource;
  readonly #parts: AppParts;
  readonly #apps = new Map<string, App>();
  #closed = false;
  #closing: Promise<void> | undefined;

  constructor(url: string, source: LedgerSource, parts: AppParts) {
    this.url = withoutPassword(url);
    this.source = source;
    this.#parts = parts;
  }

  /**
   * The app of a name; it need not exist, and costs nothing until it is used.
   * Names have 1 to 64 letters, digits, `.`, `_`, `-`. Throws `invalid_name`, `closed`.
   *
   * @example
   * const shop = store.app('shop');
   * await shop.scope('users').set('ada', 1);
   * await store.app('other').scope('users').get('ada'); // => undefined
   */
  app(name: string): App {
    if (this.#closed) throw new HoldfastError('closed', 'the store was closed');
    let app = this.#apps.get(name);
    if (app === undefined) {
      app = App.over(this.source.ledger(name), this.#parts);
      this.#apps.set(name, app);
    }
    return app;
  }

  /**
   * A scope of the app `default`.
   *
   * @example
   * await store.scope('users').set('ada', 1);
   * await store.app('default').scope('users').get('ada'); // => 1
   */
  scope<S extends StandardSchema>(
    name: string,
    options: SchemaScopeOptions<S>,
  ): Scope<SchemaInput<S>, SchemaOutput<S>>;
  scope<T = unknown>(name: string, options?: Omit<ScopeOptions<T, T>, 'schema'>): Scope<T>;
  scope(name: string, options?: Omit<ScopeOptions<unknown, unknown>, 'schema'>): Scope {
    return this.app(defaultApp).scope(name, options);
  }

  /**
   * A list of the app `default`.
   *
   * @example
   * await store.list<string>('log').append('started');
   * await store.list('log').length(); // => 1
   */
  list<S extends StandardSchema>(
    name: string,
    options: SchemaListOptions<S>,
  ): List<SchemaInput<S>, SchemaOutput<S>>;
  list<T = unknown>(name: string, options?: Omit<ListOptions<T, T>, 'schema'>): List<T>;
  list(name: string, options?: Omit<ListOptions<unknown, unknown>, 'schema'>): List {
    return this.app(defaultApp).list(name, options);
  }

  /**
   * The names of the apps that hold something or have a history, sorted.
   *
   * @example
   * await store.app('shop').scope('users').set('ada', 1);
   * await store.apps(); // => ['shop']
   */
  apps(): Promise<readonly string[]> {
    return this.source.names();
  }

  /**
   * What the engine gives and takes, and what each app holds. Costs a read per app.
   *
   * @example
   * await store.app('shop').scope('users').set('ada', 1);
   * const { scheme, durability, apps } = await store.stats();
   * [scheme, durability, apps[0]?.app, apps[0]?.entries]; // => ['memory', 'none', 'shop', 1]
   */
  async stats(): Promise<StoreStats> {
    const [stats, names] = await Promise.all([this.source.stats(), this.source.names()]);
    const heads = await Promise.all(names.map((name) => this.source.ledger(name).head()));
    return { ...stats, apps: heads.map((head, index) => ({ app: names[index] ?? '', ...head })) };
  }

  /**
   * Holds the apps to other rules than the store was opened with, from the next commits on: all of
   * them, what is left out has its default. Other processes on the store keep theirs. Throws
   * `unsupported` for a store of a server: rules are set where it is opened.
   *
   * @example
   * store.setRules({ apps: { shop: { quota: { entries: 1 } } } });
   * const users = store.app('shop').scope('users');
   * await users.set('ada', 1);
   * await users.set('bob', 1).catch(({ code }) => code); // => 'quota_exceeded'
   */
  setRules(rules: StoreRules): void {
    if (!('setRules' in this.source)) {
      throw new HoldfastError('unsupported', 'rules are set where the store is opened');
    }
    (this.source as Ledgers).setRules(rules);
  }

  /**
   * Finishes what was asked, makes relaxed commits durable and closes the store. Idempotent;
   * `await using` does it by itself.
   *
   * @example
   * await using other = await open('memory:');
   * await other.scope('users').set('ada', 1);
   * await store.close();
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed = true;
    // What this process owned is free at once; if that fails, it is when its heartbeat runs out.
    await Promise.allSettled(Array.from(this.#apps.values(), (app) => app.leave()));
    await this.source.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
