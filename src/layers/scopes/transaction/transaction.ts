/**
 * One attempt of a transaction: what it read, what it staged, and the one proposal they become.
 *
 * T1. Every read is a check: a key at the version that was seen (or absent), a scanned or counted
 *     scope unchanged since. So the commit is as if everything had happened at its moment; there
 *     are no phantoms.
 * T2. A key is read once; later reads see the same, overlaid by the transaction's own writes.
 * T3. Staged writes happen in the order of their calls, all or none. One that was refused fails the
 *     transaction, even if the caller caught the error.
 * T4. After its end a transaction refuses every call with `closed`.
 */
import { HoldfastError } from '../../../errors/index.ts';
import { checkOperations, limits, StoredValue } from '../../../ledger/index.ts';
import type {
  Check,
  CommitAnswer,
  Entry,
  EpochCheck,
  Ledger,
  Mutation,
  Operation,
  Position,
  Proposal,
  Ref,
  ScopeQuota,
  UpdateMutation,
} from '../../../ledger/index.ts';
import { operated } from '../rewriting/rewrite.ts';
import type { Scope } from '../scope.ts';
import type { ScopeHost } from '../scope-host.ts';
import { TransactionScope } from './transaction-scope.ts';

/** What the transaction itself made of an entry so far. */
export type Staged =
  | { readonly kind: 'value'; readonly value: StoredValue; readonly schema: number }
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'operations';
      readonly scope: string;
      readonly operations: readonly Operation[];
    };

/** An entry as the transaction sees it. */
export interface Seen {
  readonly key: string;
  readonly value: StoredValue;
  readonly schema: number;
}

const done: Promise<void> = Promise.resolve();

export class Transaction {
  readonly #host: ScopeHost;
  readonly #fence: EpochCheck | undefined;
  readonly #reads = new Map<
    string,
    { readonly ref: Ref; readonly entry: Promise<Entry | undefined> }
  >();
  readonly #versions: Check[] = [];
  readonly #unchanged = new Map<string, Position>();
  readonly #mutations: Mutation[] = [];
  readonly #quotas = new Map<string, ScopeQuota>();
  readonly #staged = new Map<string, Map<string, Staged>>();
  /** Of staged writes that wait for a schema or a read; undefined while nothing does. */
  #tail: Promise<void> | undefined;
  #refusal: { readonly error: unknown } | undefined;
  #over = false;

  constructor(host: ScopeHost, fence?: EpochCheck) {
    this.#host = host;
    this.#fence = fence;
  }

  /**
   * The scope as this transaction sees it. Throws `invalid_argument` for a scope of another app.
   *
   * @example
   * const accounts = app.scope<number>('accounts');
   * await accounts.setMany({ ada: 10, bob: 0 });
   * await app.transact(async (tx) => {
   *   const balances = tx.scope(accounts);
   *   const ada = await balances.get('ada', 0);
   *   await balances.set('ada', ada - 4);
   *   await balances.update('bob', [{ op: 'increment', by: 4 }]);
   * });
   * await accounts.getMany(['ada', 'bob']); // => [6, 4]
   */
  scope<In, Out>(scope: Scope<In, Out>): TransactionScope<In, Out> {
    this.#host.checkOwn(scope);
    for (const quota of scope.quotas ?? []) this.#quotas.set(quota.scope, quota);
    return new TransactionScope(this, this.#host, scope);
  }

  /** Throws `invalid_argument` for a handle of another app. For layers. @internal */
  checkOwn(handle: { readonly name: string; readonly ledger: Ledger }): void {
    this.#host.checkOwn(handle);
  }

  /** The stored entry, without own writes; checked at the commit. For layers. @internal */
  read(ref: Ref): Promise<Entry | undefined> {
    this.#checkOpen();
    const address = addressOf(ref);
    let known = this.#reads.get(address);
    if (known === undefined) {
      const { scope, key } = ref;
      // What was scanned before is checked as a whole, and limits how many checks there may be.
      const isCovered = this.#unchanged.has(scope);
      const entry = this.#host.reads.read(scope, key, (entry) => {
        const version = entry?.version ?? 0;
        if (!isCovered) this.#versions.push({ kind: 'version', scope, key, version });
        return entry;
      });
      known = { ref, entry };
      this.#reads.set(address, known);
    }
    return known.entry;
  }

  /** The entry with own writes. For layers. @internal */
  async see(ref: Ref): Promise<Seen | undefined> {
    this.#checkOpen();
    if (this.#tail !== undefined) await this.#tail;
    const staged = this.stagedIn(ref.scope)?.get(ref.key);
    if (staged === undefined) return this.read(ref);
    if (staged.kind !== 'operations') return this.seen(ref.key, staged, undefined);
    return this.seen(ref.key, staged, await this.read(ref));
  }

  /** What a staged write makes of an entry. @internal */
  seen(key: string, staged: Staged, entry: Entry | undefined): Seen | undefined {
    if (staged.kind === 'absent') return undefined;
    if (staged.kind === 'value') return { key, value: staged.value, schema: staged.schema };
    const value = operated(entry?.value.decode(), staged.operations, { scope: staged.scope, key });
    if (value === undefined) return undefined;
    const stored = StoredValue.of(value, limits.valueBytesMax);
    return { key, value: stored, schema: entry?.schema ?? 0 };
  }

  /**
   * Adds a write that needs nothing more. For layers; within a `stage` or on its own.
   *
   * @internal
   */
  add(mutation: Mutation): void {
    this.#checkOpen();
    const { scope, key } = mutation;
    let keys = this.#staged.get(scope);
    if (keys === undefined) this.#staged.set(scope, (keys = new Map<string, Staged>()));
    switch (mutation.kind) {
      case 'set': {
        const value = StoredValue.of(mutation.value, limits.valueBytesMax);
        keys.set(key, { kind: 'value', value, schema: mutation.schema ?? 0 });
        this.#mutations.push({ ...mutation, value });
        return;
      }
      case 'delete':
        keys.set(key, { kind: 'absent' });
        break;
      case 'update':
        this.#addUpdate(keys, mutation);
        return;
      case 'touch':
        break;
    }
    this.#mutations.push(mutation);
  }

  /**
   * Runs `write` after the writes that were staged before it. Its promise may be left alone.
   *
   * @internal
   */
  stage(write: () => Promise<void> | undefined): Promise<void> {
    this.#checkOpen();
    if (this.#tail !== undefined) return this.#follow(this.#tail.then(write));
    try {
      const pending = write();
      return pending === undefined ? done : this.#follow(pending);
    } catch (error) {
      return this.#follow(rejected(error as Error));
    }
  }

  /** The scope must not have changed since: a scan or a count saw it then. @internal */
  expectUnchanged(scope: string, since: Position): void {
    if (!this.#unchanged.has(scope)) this.#unchanged.set(scope, since);
  }

  /** @internal */
  stagedIn(scope: string): ReadonlyMap<string, Staged> | undefined {
    return this.#staged.get(scope);
  }

  /** Waits for staged writes; throws what refused one of them. @internal */
  async settle(): Promise<void> {
    while (this.#tail !== undefined) {
      const tail = this.#tail;
      await tail;
      if (this.#tail === tail) this.#tail = undefined;
    }
    if (this.#refusal !== undefined) throw this.#refusal.error;
  }

  /** Ends the attempt: nothing was written. @internal */
  end(): void {
    this.#over = true;
  }

  /**
   * What it would commit, for layers that commit it with something of their own. Ends it.
   *
   * @internal
   */
  proposal(): Proposal & { readonly mutations: readonly Mutation[] } {
    this.#over = true;
    const quotas = [...this.#quotas.values()];
    return { checks: this.#checks(), mutations: this.#mutations, quotas };
  }

  /**
   * Undefined if there is nothing to decide: no write, no fence, and at most one read.
   *
   * @internal
   */
  async commit(durability: 'sync' | 'relaxed' | undefined): Promise<CommitAnswer | undefined> {
    this.#over = true;
    const mutations = this.#mutations;
    if (mutations.length > 0) return this.#host.commit(this.proposal(), durability);
    return this.validate();
  }

  /** Judges the reads alone; undefined if they were of one moment anyway. @internal */
  async validate(): Promise<CommitAnswer | undefined> {
    const checks = this.#checks();
    if (checks.length <= 1 && this.#fence === undefined) return undefined;
    return this.#host.commit({ checks }, 'relaxed');
  }

  #checks(): Check[] {
    const checks = [...this.#versions];
    for (const [scope, since] of this.#unchanged) checks.push({ kind: 'unchanged', scope, since });
    if (this.#fence !== undefined) checks.push(this.#fence);
    return checks;
  }

  #addUpdate(keys: Map<string, Staged>, mutation: UpdateMutation): void {
    const { scope, key } = mutation;
    const operations = checkOperations(mutation.operations);
    const staged = keys.get(key);
    if (staged === undefined) keys.set(key, { kind: 'operations', scope, operations });
    else if (staged.kind === 'operations') {
      keys.set(key, { ...staged, operations: [...staged.operations, ...operations] });
    } else {
      const before = staged.kind === 'value' ? staged.value.decode() : undefined;
      const value = operated(before, operations, mutation);
      const schema = mutation.schema ?? (staged.kind === 'value' ? staged.schema : 0);
      if (value === undefined) keys.set(key, { kind: 'absent' });
      else
        keys.set(key, {
          kind: 'value',
          value: StoredValue.of(value, limits.valueBytesMax),
          schema,
        });
    }
    this.#mutations.push({ ...mutation, operations });
  }

  #follow(pending: Promise<void>): Promise<void> {
    this.#tail = pending.catch((error: unknown) => {
      this.#refusal ??= { error };
    });
    return handled(pending);
  }

  #checkOpen(): void {
    if (!this.#over) return;
    throw new HoldfastError('closed', 'the transaction is over; use its `tx` only while it runs');
  }
}

/** A caller who does not await it still learns of the failure, at the commit. */
function handled(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined);
  return promise;
}

async function rejected(error: Error): Promise<void> {
  throw error;
}

function addressOf({ scope, key }: Ref): string {
  return `${scope}\0${key}`;
}
