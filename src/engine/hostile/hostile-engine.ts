/**
 * The hostile twin: an engine that does everything that the contract permits and nobody hopes for.
 *
 * It wraps another engine and is optimistic: works are decided on a view that may be stale, answers
 * are validated and decided again, and others come between every two steps. Whatever the ledger
 * assumes beyond the contract breaks here, and a seed repeats it.
 *
 * X1. It keeps the contract: reads are linearisable (E2), nothing that failed was applied, what is
 *     `unknown` can be resolved.
 * X2. Errors come before any effect; after an effect an answer is `unknown`.
 * X3. Late messages may apply until they are fenced, even after the engine said `unknown`.
 *
 * Not here: crashes and lost bytes. It proves assumptions, not durability.
 */
import { HoldfastError } from '../../errors/index.ts';
import type {
  Applied,
  Due,
  Engine,
  EngineDurability,
  EngineStats,
  Incarnation,
  LogQuery,
  LogResult,
  Member,
  Outcome,
  ReadResult,
  Ref,
  ScanRange,
  ScanResult,
  ScopeQuery,
  ScopesResult,
  Stamp,
  TransactOptions,
  Work,
} from '../index.ts';
import type { Dice } from './faults.ts';
import { hostileListener } from './hints.ts';
import { Past } from './past.ts';
import { transact } from './transact.ts';

export class HostileEngine implements Engine {
  readonly scheme = 'hostile';
  readonly durability: EngineDurability;
  readonly grouping: Engine['grouping'];
  readonly #engine: Engine;
  readonly #dice: Dice;
  readonly #past = new Past();
  readonly #running = new Set<Promise<unknown>>();
  readonly #late = new Set<Promise<unknown>>();
  #closed = false;

  /** `engine` must answer without faults of its own. */
  constructor(engine: Engine, dice: Dice) {
    this.#engine = engine;
    this.#dice = dice;
    this.durability = engine.durability;
    this.grouping = engine.grouping;
  }

  read(ledger: string, refs: readonly Ref[]): Promise<ReadResult> {
    return this.#ask(() => this.#engine.read(ledger, refs));
  }

  scan(ledger: string, range: ScanRange): Promise<ScanResult> {
    return this.#ask(() => this.#engine.scan(ledger, range));
  }

  scopes(ledger: string, query: ScopeQuery): Promise<ScopesResult> {
    return this.#ask(() => this.#engine.scopes(ledger, query));
  }

  log(ledger: string, query: LogQuery): Promise<LogResult> {
    return this.#ask(() => this.#engine.log(ledger, query));
  }

  incarnations(ledger: string): Promise<readonly Incarnation[]> {
    return this.#ask(() => this.#engine.incarnations(ledger));
  }

  transact(work: readonly Work[], options: TransactOptions): Promise<readonly Outcome[]> {
    const around = {
      engine: this.#engine,
      dice: this.#dice,
      past: this.#past,
      afloat: (message: Promise<void>) => track(this.#late, message),
    };
    return this.#ask(() => transact(around, work, options));
  }

  resolve(ledger: string, stamp: Stamp): Promise<Applied | 'not-applied'> {
    return this.#ask(() => this.#engine.resolve(ledger, stamp));
  }

  flush(): Promise<void> {
    return this.#ask(() => this.#engine.flush());
  }

  scrub(): Promise<void> {
    return this.#ask(() => this.#engine.scrub());
  }

  due(now: number, limit: number): Promise<readonly Due[]> {
    return this.#ask(() => this.#engine.due(now, limit));
  }

  heartbeat(id: string, ttlMs: number): Promise<void> {
    return this.#ask(() => this.#engine.heartbeat(id, ttlMs));
  }

  members(): Promise<{ readonly members: readonly Member[]; readonly time: number }> {
    return this.#ask(() => this.#engine.members());
  }

  subscribe(listener: (ledger: string) => void): () => void {
    this.#refuseIfClosed();
    const { hear, stop } = hostileListener(listener, this.#dice, () => this.#closed);
    const unsubscribe = this.#engine.subscribe(hear);
    return () => {
      stop();
      unsubscribe();
    };
  }

  ledgers(): Promise<readonly string[]> {
    return this.#ask(() => this.#engine.ledgers());
  }

  async stats(): Promise<EngineStats> {
    const stats = await this.#ask(() => this.#engine.stats());
    return { ...stats, scheme: this.scheme };
  }

  /** Resolves once no late message is on its way any more. */
  async calm(): Promise<void> {
    while (this.#late.size > 0) await Promise.allSettled(this.#late);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#running);
    await this.#engine.close();
  }

  async #ask<T>(call: () => Promise<T>): Promise<T> {
    this.#refuseIfClosed();
    const answer = this.#endure(call);
    track(this.#running, answer);
    return answer;
  }

  async #endure<T>(call: () => Promise<T>): Promise<T> {
    await this.#dice.maybePause();
    if (this.#dice.happens(this.#dice.faults.errorBefore)) {
      throw new HoldfastError('unavailable', 'the hostile engine could not be reached');
    }
    const answer = await call();
    await this.#dice.maybePause();
    return answer;
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw new HoldfastError('closed', 'the hostile engine was closed');
  }
}

/** Keeps a promise in the set while it is pending. Its failure belongs to whoever made it. */
function track(pending: Set<Promise<unknown>>, promise: Promise<unknown>): void {
  const settled: Promise<unknown> = promise.then(forget, forget);
  pending.add(settled);
  function forget(): void {
    pending.delete(settled);
  }
}
