/**
 * An engine that gets through: it repeats what failed without effect and resolves what is unknown.
 *
 * It is how a caller uses an engine correctly, in its shortest form, so that a test can state a
 * guarantee without caring which faults an engine is made to show.
 */
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
} from '../../engine/index.ts';
import { HoldfastError, isHoldfastError } from '../../errors/index.ts';

const attemptsMax = 200;

/** Repeats `call` while it fails with an error that says: nothing happened, and it may pass. */
export async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      const mayPass = isHoldfastError(error) && error.retryable && error.outcome === 'not-applied';
      if (!mayPass || attempt >= attemptsMax) throw error;
    }
  }
}

export class SteadyEngine implements Engine {
  readonly scheme: string;
  readonly durability: EngineDurability;
  readonly grouping: Engine['grouping'];
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.scheme = engine.scheme;
    this.durability = engine.durability;
    this.grouping = engine.grouping;
  }

  read(ledger: string, refs: readonly Ref[]): Promise<ReadResult> {
    return patiently(() => this.#engine.read(ledger, refs));
  }

  scan(ledger: string, range: ScanRange): Promise<ScanResult> {
    return patiently(() => this.#engine.scan(ledger, range));
  }

  scopes(ledger: string, query: ScopeQuery): Promise<ScopesResult> {
    return patiently(() => this.#engine.scopes(ledger, query));
  }

  log(ledger: string, query: LogQuery): Promise<LogResult> {
    return patiently(() => this.#engine.log(ledger, query));
  }

  incarnations(ledger: string): Promise<readonly Incarnation[]> {
    return patiently(() => this.#engine.incarnations(ledger));
  }

  async transact(work: readonly Work[], options: TransactOptions): Promise<readonly Outcome[]> {
    const applied = new Map<Work, Applied>();
    let { sequence } = options.stamp;
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      const open = work.filter((each) => !applied.has(each));
      const stamp = { member: options.stamp.member, sequence };
      const outcomes = await patiently(() => this.#engine.transact(open, { ...options, stamp }));
      for (const [index, each] of open.entries()) {
        const outcome = outcomes[index]!;
        const known = outcome.kind === 'applied' ? outcome : await this.resolve(each.ledger, stamp);
        if (known !== 'not-applied') applied.set(each, known);
      }
      if (applied.size === work.length) return work.map((each) => applied.get(each)!);
      // The stamp is fenced now, so that trying again takes another.
      sequence += 1;
    }
    throw new HoldfastError('contended', `no answer in ${attemptsMax} attempts`);
  }

  resolve(ledger: string, stamp: Stamp): Promise<Applied | 'not-applied'> {
    return patiently(() => this.#engine.resolve(ledger, stamp));
  }

  flush(): Promise<void> {
    return patiently(() => this.#engine.flush());
  }

  scrub(): Promise<void> {
    return patiently(() => this.#engine.scrub());
  }

  due(now: number, limit: number): Promise<readonly Due[]> {
    return patiently(() => this.#engine.due(now, limit));
  }

  heartbeat(id: string, ttlMs: number): Promise<void> {
    return patiently(() => this.#engine.heartbeat(id, ttlMs));
  }

  members(): Promise<{ readonly members: readonly Member[]; readonly time: number }> {
    return patiently(() => this.#engine.members());
  }

  subscribe(listener: (ledger: string) => void): () => void {
    return this.#engine.subscribe(listener);
  }

  ledgers(): Promise<readonly string[]> {
    return patiently(() => this.#engine.ledgers());
  }

  stats(): Promise<EngineStats> {
    return patiently(() => this.#engine.stats());
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}
