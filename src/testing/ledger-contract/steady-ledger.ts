/**
 * A ledger that gets through: it repeats what failed without effect, as a patient caller does.
 *
 * With it a test can state a guarantee without caring which faults an engine is made to show.
 */
import type {
  ChangeFilter,
  CommitAnswer,
  Entry,
  EntryHead,
  Ledger,
  LedgerHead,
  LogOptions,
  LogPage,
  Member,
  Page,
  Pin,
  Position,
  Proposal,
  Ref,
  ScanQuery,
  ScopeInfo,
  ScopesQuery,
  WatchOptions,
} from '../../ledger/index.ts';
import { patiently } from '../engine-contract/steady-engine.ts';

export class SteadyLedger implements Ledger {
  readonly name: string;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.name = ledger.name;
  }

  head(): Promise<LedgerHead> {
    return patiently(() => this.#ledger.head());
  }

  read(refs: readonly Ref[]): Promise<readonly (Entry | undefined)[]> {
    return patiently(() => this.#ledger.read(refs));
  }

  scan(query: ScanQuery & { readonly keysOnly: true }): Promise<Page<EntryHead>>;
  scan(query: ScanQuery): Promise<Page<Entry>>;
  scan(query: ScanQuery): Promise<Page<Entry>> {
    return patiently(() => this.#ledger.scan(query));
  }

  scopes(query?: ScopesQuery): Promise<Page<ScopeInfo>> {
    return patiently(() => this.#ledger.scopes(query));
  }

  scope(name: string): Promise<ScopeInfo> {
    return patiently(() => this.#ledger.scope(name));
  }

  commit(proposal: Proposal): Promise<CommitAnswer> {
    return patiently(() => this.#ledger.commit(proposal));
  }

  log(after: Position, options?: LogOptions): Promise<LogPage> {
    return patiently(() => this.#ledger.log(after, options));
  }

  watch(options: WatchOptions = {}): AsyncIterable<LogPage> {
    const start =
      options.after === undefined ? this.head().then(({ position }) => position) : options.after;
    const leaving = new AbortController();
    const signals = [leaving.signal, ...(options.signal === undefined ? [] : [options.signal])];
    const signal = AbortSignal.any(signals);
    const pages = watchOn(this.#ledger, start, { ...options, signal });
    const iterator: AsyncIterableIterator<LogPage> = {
      [Symbol.asyncIterator]: () => iterator,
      next: () => pages.next(),
      return: () => {
        leaving.abort();
        return pages.return(undefined);
      },
    };
    return iterator;
  }

  pin(name: string, at: Position, ttlMs: number): Promise<Pin> {
    return patiently(() => this.#ledger.pin(name, at, ttlMs));
  }

  erase(ref: Ref): Promise<{ readonly existed: boolean; readonly changes: number }> {
    return patiently(() => this.#ledger.erase(ref));
  }

  heartbeat(member: string, ttlMs: number): Promise<void> {
    return patiently(() => this.#ledger.heartbeat(member, ttlMs));
  }

  members(): Promise<readonly Member[]> {
    return patiently(() => this.#ledger.members());
  }
}

/** Takes up a watch where it failed. */
async function* watchOn(
  ledger: Ledger,
  start: Position | Promise<Position>,
  options: WatchOptions & ChangeFilter,
): AsyncGenerator<LogPage> {
  let after = await start;
  while (options.signal?.aborted !== true) {
    const watch = ledger.watch({ ...options, after })[Symbol.asyncIterator]();
    try {
      for (;;) {
        const step = await tried(() => watch.next());
        if (step === undefined) break;
        if (step.done === true) return;
        if (step.value.kind === 'commits') after = step.value.through;
        yield step.value;
      }
    } finally {
      await watch.return?.();
    }
  }
}

/** Undefined if the call failed in a way that may pass. */
async function tried<T>(call: () => Promise<T>): Promise<T | undefined> {
  let attempts = 0;
  let failed = false;
  const answer = await patiently(async () => {
    attempts += 1;
    if (attempts === 1) return call();
    failed = true;
    return undefined;
  });
  return failed ? undefined : answer;
}
