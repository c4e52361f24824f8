/**
 * The memory engine: the whole contract in a few maps, durable for as long as the process.
 *
 * It is the measure of the other engines (no layout, no I/O, every answer at once) and serves tests
 * and ephemeral state. Several handles may share one store; each has its own clock and its own end.
 *
 * Not here: durability. `flush` and `scrub` have nothing to do, and a store ends with its last
 * handle.
 */
import { HoldfastError } from '../../errors/index.ts';
import { compareText } from '../../internal/text-order.ts';
import type { Incarnation, Ref, ScanRange } from '../entry.ts';
import type {
  Due,
  Engine,
  EngineStats,
  LogQuery,
  LogResult,
  Member,
  Moment,
  ReadResult,
  ScanResult,
  ScopeQuery,
  ScopesResult,
} from '../engine.ts';
import type { EngineOptions } from '../registry.ts';
import type { Applied, Stamp, TransactOptions, Work } from '../transaction.ts';
import type { MemoryLedger } from './ledger.ts';
import { listDue, listScopes, readEntries, scanEntries } from './read.ts';
import type { MemoryStore } from './store.ts';
import { resolve, transact } from './transact.ts';

export class MemoryEngine implements Engine {
  readonly scheme = 'memory';
  readonly durability = 'none';
  readonly grouping = 'store';
  readonly #store: MemoryStore;
  readonly #options: EngineOptions;
  readonly #onClose: () => void;
  readonly #subscriptions = new Set<() => void>();
  #closed = false;

  /** `onClose` is called once, when this handle ends. */
  constructor(store: MemoryStore, options: EngineOptions, onClose: () => void) {
    this.#store = store;
    this.#options = options;
    this.#onClose = onClose;
  }

  async read(ledger: string, refs: readonly Ref[]): Promise<ReadResult> {
    const state = this.#open().peek(ledger);
    return { ...this.#moment(state), entries: readEntries(state, refs) };
  }

  async scan(ledger: string, range: ScanRange): Promise<ScanResult> {
    const state = this.#open().peek(ledger);
    return { ...this.#moment(state), entries: scanEntries(state, range) };
  }

  async scopes(ledger: string, query: ScopeQuery): Promise<ScopesResult> {
    const state = this.#open().peek(ledger);
    const moment = this.#moment(state);
    return { ...moment, scopes: listScopes(state, query, moment.time) };
  }

  async log(ledger: string, query: LogQuery): Promise<LogResult> {
    const state = this.#open().peek(ledger);
    const moment = this.#moment(state);
    return { ...moment, ...state.log.query(query, moment.head.revision) };
  }

  async incarnations(ledger: string): Promise<readonly Incarnation[]> {
    return this.#open()
      .peek(ledger)
      .incarnations.map((incarnation) => ({ ...incarnation }));
  }

  async transact(work: readonly Work[], options: TransactOptions): Promise<readonly Applied[]> {
    return transact(this.#writable(), work, options.stamp, this.#options.clock.now());
  }

  async resolve(ledger: string, stamp: Stamp): Promise<Applied | 'not-applied'> {
    return resolve(this.#writable(), ledger, stamp);
  }

  async flush(): Promise<void> {
    this.#open();
  }

  /** Deleted content is in no map any more; the garbage collector does the rest. */
  async scrub(): Promise<void> {
    this.#open();
  }

  async due(now: number, limit: number): Promise<readonly Due[]> {
    return listDue(this.#open().ledgers.values(), now, limit);
  }

  async heartbeat(id: string, ttlMs: number): Promise<void> {
    const now = this.#options.clock.now();
    this.#writable().members.heartbeat(id, now + ttlMs, now);
  }

  async members(): Promise<{ readonly members: readonly Member[]; readonly time: number }> {
    const time = this.#options.clock.now();
    return { members: this.#open().members.alive(time), time };
  }

  subscribe(listener: (ledger: string) => void): () => void {
    const end = this.#open().hints.subscribe(listener);
    const unsubscribe = () => {
      this.#subscriptions.delete(unsubscribe);
      end();
    };
    this.#subscriptions.add(unsubscribe);
    return unsubscribe;
  }

  async ledgers(): Promise<readonly string[]> {
    const begun = [...this.#open().ledgers.values()].filter(({ head }) => head.revision > 0);
    return begun.map(({ name }) => name).sort(compareText);
  }

  async stats(): Promise<EngineStats> {
    let [ledgers, storedBytes, logRows] = [0, 0, 0];
    for (const ledger of this.#open().ledgers.values()) {
      ledgers += ledger.head.revision > 0 ? 1 : 0;
      logRows += ledger.log.length;
      storedBytes += ledger.log.bytes;
      for (const [, scope] of ledger.scopes.entries()) storedBytes += scope.stat.bytes;
    }
    const { scheme, durability } = this;
    return { scheme, durability, storedBytes, facts: { ledgers, logRows } };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    this.#onClose();
  }

  #moment({ head }: MemoryLedger): Moment {
    return { head, time: Math.max(this.#options.clock.now(), head.time) };
  }

  #open(): MemoryStore {
    if (this.#closed) throw new HoldfastError('closed', 'the memory engine was closed');
    return this.#store;
  }

  #writable(): MemoryStore {
    const store = this.#open();
    if (this.#options.readOnly) {
      throw new HoldfastError('store_read_only', 'the memory store was opened for reading only');
    }
    return store;
  }
}
