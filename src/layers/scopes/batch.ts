/**
 * Writes to any scopes of an app, collected here and committed together, in one round trip.
 *
 * Blind: it reads and checks nothing. What depends on a read belongs in a transaction.
 */
import { HoldfastError } from '../../errors/index.ts';
import type {
  IdempotencyStamp,
  Ledger,
  Mutation,
  Operation,
  Proposal,
  Receipt,
  ScopeQuota,
} from '../../ledger/index.ts';
import type { Quotas } from './declared-quotas.ts';
import type { Scope } from './scope.ts';
import type { ScopeHost } from './scope-host.ts';
import type { CommitTerms, TimeToLive } from './scope-options.ts';

export interface BatchCommitOptions extends CommitTerms {
  /** Makes a repeat of the same batch harmless: it answers the first receipt. */
  readonly stamp?: IdempotencyStamp | undefined;
}

/** A scope whose values do not matter. */
interface AnyScope {
  readonly name: string;
  readonly ledger: Ledger;
  readonly ttlMs: number | undefined;
  readonly codec: { readonly isPlain: boolean };
  readonly quotas: Quotas;
}

export class Batch {
  readonly #host: ScopeHost;
  readonly #mutations: Promise<Mutation>[] = [];
  readonly #quotas = new Map<string, ScopeQuota>();
  #committed = false;

  constructor(host: ScopeHost) {
    this.#host = host;
  }

  /**
   * Adds a write. Throws `schema_mismatch`; an asynchronous schema's verdict comes with `commit`.
   *
   * @example
   * const users = app.scope<{ name: string }>('users');
   * const batch = app.batch().set(users, 'ada', { name: 'Ada' }).delete(scope, 'old');
   * const { results } = await batch.update(scope, 'n', [{ op: 'increment' }]).commit();
   * results.map(({ change }) => change); // => ['created', 'none', 'created']
   */
  set<In, Out>(
    scope: Scope<In, Out>,
    key: string,
    value: In,
    options: { readonly ttlMs?: TimeToLive | undefined } = {},
  ): this {
    this.#enter(scope);
    const { codec, name } = scope;
    const ttlMs = options.ttlMs === undefined ? scope.ttlMs : (options.ttlMs ?? undefined);
    const mutation = { kind: 'set', scope: name, key, ttlMs, schema: codec.version } as const;
    const encoded = codec.encode(key, value);
    if (!(encoded instanceof Promise)) return this.#add({ ...mutation, value: encoded });
    const pending = encoded.then((accepted: unknown) => ({ ...mutation, value: accepted }));
    // Whoever never commits must not see this as an unhandled rejection.
    pending.catch(() => undefined);
    return this.#add(pending);
  }

  /**
   * Adds a removal; nothing happens to a key that is missing.
   *
   * @example
   * await scope.set('ada', 7);
   * await app.batch().delete(scope, 'ada').commit();
   * await scope.has('ada'); // => false
   */
  delete(scope: AnyScope, key: string): this {
    this.#enter(scope);
    return this.#add({ kind: 'delete', scope: scope.name, key });
  }

  /**
   * Gives an entry, if there is one, a new time to live; null for none.
   *
   * @example
   * await scope.set('ada', 7);
   * await app.batch().touch(scope, 'ada', 60_000).commit();
   * (await scope.entry('ada'))?.expiresAt; // => expect.any(Number)
   */
  touch(scope: AnyScope, key: string, ttlMs: number | null): this {
    this.#enter(scope);
    return this.#add({ kind: 'touch', scope: scope.name, key, ttlMs });
  }

  /**
   * Adds operations. Throws `unsupported` for a scope with a schema or a version: they must see the
   * outcome, which takes a transaction.
   *
   * @example
   * await app.batch().update(scope, 'ada', [{ op: 'increment', by: 2 }]).commit();
   * await scope.get('ada'); // => 2
   */
  update(
    scope: AnyScope,
    key: string,
    operations: readonly Operation[],
    options: { readonly ttlMs?: TimeToLive | undefined } = {},
  ): this {
    this.#enter(scope);
    if (!scope.codec.isPlain) {
      const text = `operations on '${scope.name}', which has a schema, need a transaction`;
      throw new HoldfastError('unsupported', text, { details: { scope: scope.name } });
    }
    const wanted = options.ttlMs === undefined ? scope.ttlMs : options.ttlMs;
    const ttlMs = wanted === 'keep' ? undefined : wanted;
    return this.#add({ kind: 'update', scope: scope.name, key, operations, ttlMs });
  }

  /**
   * Commits everything, or nothing. Results are in the order of the calls. A batch commits once.
   * Throws `limit_exceeded` above 1,000 writes or 64 MiB.
   *
   * @example
   * const stamp = { client: 'importer', sequence: 1 };
   * await app.batch().set(scope, 'ada', 7).commit({ stamp });
   * const { replayed } = await app.batch().set(scope, 'ada', 7).commit({ stamp });
   * replayed; // => true
   */
  async commit(options: BatchCommitOptions = {}): Promise<Receipt> {
    if (this.#committed) throw new HoldfastError('closed', 'this batch was committed before');
    this.#committed = true;
    const mutations = await Promise.all(this.#mutations);
    return this.#host.apply({ ...options, mutations, quotas: [...this.#quotas.values()] });
  }

  /**
   * What was added so far, in order. For layers that commit it with something of their own.
   *
   * @example
   * const staged = await app.batch().delete(scope, 'ada').staged();
   * staged.mutations; // => [{ kind: 'delete', scope: 'examples', key: 'ada' }]
   */
  async staged(): Promise<Required<Pick<Proposal, 'mutations' | 'quotas'>>> {
    const mutations = await Promise.all(this.#mutations);
    return { mutations, quotas: [...this.#quotas.values()] };
  }

  #enter(scope: AnyScope): void {
    this.#host.checkOwn(scope);
    for (const quota of scope.quotas ?? []) this.#quotas.set(quota.scope, quota);
  }

  #add(mutation: Mutation | Promise<Mutation>): this {
    if (this.#committed) throw new HoldfastError('closed', 'this batch was committed before');
    this.#mutations.push(Promise.resolve(mutation));
    return this;
  }
}
