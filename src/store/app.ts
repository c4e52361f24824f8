/**
 * One app of a store: the boundary of isolation, order and atomicity. Nothing here reaches the keys
 * of another app.
 *
 * Handles are cheap: they hold no state but their options, and may be made wherever they are
 * needed.
 */
import { HoldfastError } from '../errors/index.ts';
import type { Ledger, ScopeInfo } from '../ledger/index.ts';
import { Lists } from '../layers/lists/index.ts';
import type { List, ListOptions, SchemaListOptions } from '../layers/lists/index.ts';
import { RequestContext } from '../layers/contexts/index.ts';
import type { RequestOptions } from '../layers/contexts/index.ts';
import { Runs } from '../layers/runs/index.ts';
import { ScopeHost, Scopes } from '../layers/scopes/index.ts';
import type {
  Batch,
  CommitTerms,
  SchemaInput,
  SchemaOutput,
  SchemaScopeOptions,
  Scope,
  ScopeOptions,
  StandardSchema,
  TransactOptions,
  Transaction,
} from '../layers/scopes/index.ts';
import type { Trigger, TriggerOptions, Triggers } from '../layers/triggers/index.ts';
import { followWatch } from '../layers/watch/index.ts';
import type { AppWatchOptions, Watch, WatchEvent, Watching } from '../layers/watch/index.ts';
import { AppTriggerWork } from './app-trigger-work.ts';
import type { AppTriggerHandler } from './app-trigger-work.ts';
import { SharedParts } from './shared-parts.ts';
import type { AppParts } from './shared-parts.ts';

export class App {
  /** The waist below: raw reads, commits, log and watch. */
  readonly ledger: Ledger;
  readonly #host: ScopeHost;
  readonly #scopes: Scopes;
  readonly #lists: Lists;
  readonly #shared: SharedParts;

  private constructor(host: ScopeHost, lists: Lists, shared: SharedParts) {
    this.ledger = host.ledger;
    this.#host = host;
    this.#scopes = new Scopes(host);
    this.#lists = lists;
    this.#shared = shared;
  }

  /**
   * An app over any ledger, wherever that is.
   *
   * @example
   * const same = App.over(app.ledger, app.host);
   * await same.scope('users').set('ada', 1);
   * await app.scope('users').get('ada'); // => 1
   */
  static over(ledger: Ledger, parts: AppParts): App {
    const host = new ScopeHost(ledger, parts);
    return new App(host, new Lists(host), new SharedParts(host, parts));
  }

  get name(): string {
    return this.ledger.name;
  }

  /** Time, chance and the shared reads of the app. For layers that are not part of it. */
  get host(): ScopeHost {
    return this.#host;
  }

  /**
   * The same app, whose commits carry these terms: a durability, an actor, a cause.
   *
   * @example
   * const relaxed = app.with({ durability: 'relaxed', actor: 'importer' });
   * await relaxed.scope('users').set('ada', 1);
   * await app.scope('users').get('ada'); // => 1
   */
  with(terms: CommitTerms): App {
    const host = this.#host.with(terms);
    return new App(host, this.#lists.with(host), this.#shared);
  }

  /**
   * A named group of keys. The types of its values come from the schema, or are asserted: without a
   * schema `scope<User>('users')` is a claim that nobody checks.
   * Throws `invalid_name` for a name that starts with `$`: those belong to layers.
   *
   * @example
   * const visits = app.scope<number>('visits', { ttlMs: 86_400_000 });
   * await visits.set('ada', 1);
   * await visits.get('ada', 0); // => 1
   */
  scope<S extends StandardSchema>(
    name: string,
    options: SchemaScopeOptions<S>,
  ): Scope<SchemaInput<S>, SchemaOutput<S>>;
  scope<T = unknown>(name: string, options?: Omit<ScopeOptions<T, T>, 'schema'>): Scope<T>;
  scope(name: string, options?: ScopeOptions<unknown, unknown>): Scope {
    checkOwnName(name);
    return this.#scopes.scope(name, options);
  }

  /**
   * The scopes that hold entries, by name, with their counts and bytes. Costs as many steps as
   * there are scopes, not entries.
   *
   * @example
   * await app.scope('users').set('ada', 1);
   * const scopes = await Array.fromAsync(app.scopes());
   * scopes.map(({ scope, entries }) => [scope, entries]); // => [['users', 1]]
   */
  scopes(
    query: { readonly prefix?: string | undefined } = {},
  ): AsyncGenerator<ScopeInfo, void, undefined> {
    return this.#scopes.list({ prefix: query.prefix });
  }

  /**
   * An append-only list. It has the rights of the scope of the same name.
   *
   * @example
   * const messages = app.list<string>('session/42');
   * await messages.append('hello', 'world');
   * await messages.tail(1); // => ['world']
   */
  list<S extends StandardSchema>(
    name: string,
    options: SchemaListOptions<S>,
  ): List<SchemaInput<S>, SchemaOutput<S>>;
  list<T = unknown>(name: string, options?: Omit<ListOptions<T, T>, 'schema'>): List<T>;
  list(name: string, options?: ListOptions<unknown, unknown>): List {
    checkOwnName(name);
    return this.#lists.list(name, options);
  }

  /**
   * The names of the lists that there are.
   *
   * @example
   * await app.list('session/42').append('hello');
   * await Array.fromAsync(app.lists()); // => ['session/42']
   */
  lists(query: { readonly prefix?: string | undefined } = {}): AsyncGenerator<string, void> {
    return this.#lists.names(query.prefix);
  }

  /**
   * Follows the changes of the app, or of a scope, prefix or key of it, like `scope.watch`. All
   * changes of one commit come in one event.
   *
   * @example
   * const { position } = await app.scope('users').set('ada', { name: 'Ada' });
   * await app.scope('teams').set('core', ['ada']);
   * const seen: string[] = [];
   * for await (const event of app.watch({ after: position, kinds: ['created'] })) {
   *   if (event.kind !== 'changes') continue;
   *   seen.push(...event.changes.map(({ scope, key }) => `${scope}/${key}`));
   *   break;
   * }
   * seen; // => ['teams/core']
   */
  watch(options?: AppWatchOptions): Watch;
  watch(options: AppWatchOptions, handler: (event: WatchEvent) => unknown): Watching;
  watch(options: AppWatchOptions = {}, handler?: (event: WatchEvent) => unknown): Watch | Watching {
    const watch = this.#host.watches.watch<unknown>(options);
    return handler === undefined ? watch : followWatch(watch, handler);
  }

  /**
   * The runs of a workflow: state in supersteps, with checkpoints. They have the rights of the
   * scope WORKFLOW/RUN. Throws `invalid_name`.
   *
   * @example
   * await using run = await app.runs('counting').open('r1');
   * const step = run.step();
   * step.view('counter').set('n', 1);
   * await step.commit();
   * run.state.get('n'); // => 1
   */
  runs(workflow: string): Runs {
    const { openRuns: open } = this.#shared;
    const membership = () => this.#shared.membership;
    return new Runs({ host: this.#host, membership, open }, workflow);
  }

  /**
   * What one request works with: `state` is its own, reclaimed after its `end`; `appState` is that
   * of all requests, and of all versions of the app. Throws `invalid_name`.
   *
   * @example
   * const ctx = app.request('req-1');
   * await ctx.state.set('draft', 'Hello');
   * await ctx.appState.update('requests', [{ op: 'increment' }]);
   * await app.request('req-2').appState.get('requests', 0); // => 1
   * await app.request('req-2').state.get('draft', 'none'); // => 'none'
   */
  request(id: string, options?: RequestOptions): RequestContext {
    return RequestContext.of(this.#host, id, options);
  }

  /**
   * Calls `handler` for every matching change, durably: at least once, across restarts and
   * processes, in order per key, concurrently across keys. What the handler writes through
   * `work.tx` happens exactly once. A handler that throws is tried again later, while later events
   * of that key wait; in the end the event is a dead letter.
   *
   * The name is the trigger: whoever starts it next goes on where it stands. Resolves once no
   * matching change can be missed any more. Throws `invalid_argument`, `invalid_name`.
   *
   * @example
   * const orders = app.scope<{ total: number }>('orders');
   * const sums = app.scope<number>('sums');
   * const trigger = await app.trigger('sum', { scope: 'orders' }, async (_event, { tx }) => {
   *   await tx.scope(sums).update('all', [{ op: 'increment', by: 1 }]);
   * });
   * const watch = sums.watch({ key: 'all', snapshot: true });
   * await watch.next();
   * await orders.set('o1', { total: 7 });
   * await watch.next();
   * await sums.get('all'); // => 1
   * await trigger.stop();
   */
  trigger<T = unknown>(
    name: string,
    options: TriggerOptions<T>,
    handler: AppTriggerHandler<T>,
  ): Promise<Trigger> {
    return this.#shared.triggers.start<T>(name, options, (event, work) =>
      handler(event, new AppTriggerWork(this, work)),
    );
  }

  /** Looks after the triggers of the app, those that no process runs too. */
  get triggers(): Triggers {
    return this.#shared.triggers;
  }

  /**
   * Runs `run`, which reads and writes through its `tx`, and commits all of it or nothing, across
   * scopes and lists. What it read still holds at the commit, keys that it found missing and scopes
   * that it scanned or counted included: as if it had happened in one moment, alone.
   *
   * If others changed something in between it runs again, so it should do nothing else. A throw
   * drops everything. Throws `contended` after `attempts` (default 20).
   *
   * @example
   * await scope.setMany({ ada: 10, bob: 0 });
   * const left = await app.transact(async (tx) => {
   *   const balances = tx.scope(scope);
   *   const ada = (await balances.get('ada', 0)) - 4;
   *   await balances.set('ada', ada);
   *   await balances.update('bob', [{ op: 'increment', by: 4 }]);
   *   return ada;
   * });
   * left; // => 6
   * await scope.getMany(['ada', 'bob']); // => [6, 4]
   */
  transact<T>(run: (tx: Transaction) => Promise<T> | T, options?: TransactOptions): Promise<T> {
    return this.#scopes.transact(run, options);
  }

  /**
   * Collects writes to any scopes for one commit, in one round trip.
   *
   * @example
   * const users = app.scope<{ name: string }>('users');
   * await app.batch().set(users, 'ada', { name: 'Ada' }).set(scope, 'ada', 1).commit();
   * await users.get('ada'); // => { name: 'Ada' }
   */
  batch(): Batch {
    return this.#scopes.batch();
  }

  /**
   * Gives up whatever this process owns in the app, for good. The store does it when it is closed.
   *
   * @example
   * await app.leave();
   */
  leave(): Promise<void> {
    return this.#shared.stop();
  }
}

function checkOwnName(name: string): void {
  if (typeof name !== 'string' || !name.startsWith('$')) return;
  const message = `'${name}' starts with '$', as only names of layers do; use \`ledger\` to look in`;
  throw new HoldfastError('invalid_name', message, { details: { name } });
}
