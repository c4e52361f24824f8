/**
 * A ledger whose calls are measured, and traced where the program has a tracer.
 *
 * Spans carry OpenTelemetry's stable database attributes: system, namespace (the app), collection
 * (the scope), operation, batch size, and the code of an error.
 */
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Span } from '@opentelemetry/api';
import { isHoldfastError } from '../../errors/index.ts';
import type { Clock } from '../../internal/clock.ts';
import type {
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

export interface CallObserver {
  readonly clock: Clock;
  called(method: string, outcome: string, seconds: number): void;
  watching(by: 1 | -1): void;
}

interface About {
  readonly scope?: unknown;
  readonly size?: unknown;
}

const tracer = trace.getTracer('holdfast');

export class ObservedLedger implements Ledger {
  readonly name: string;
  readonly #ledger: Ledger;
  readonly #observer: CallObserver;

  constructor(ledger: Ledger, observer: CallObserver) {
    this.name = ledger.name;
    this.#ledger = ledger;
    this.#observer = observer;
  }

  head(): Promise<LedgerHead> {
    return this.#observed('head', {}, () => this.#ledger.head());
  }

  read(refs: readonly Ref[]): Promise<readonly (Entry | undefined)[]> {
    const about = { scope: refs?.[0]?.scope, size: refs?.length };
    return this.#observed('read', about, () => this.#ledger.read(refs));
  }

  scan(query: ScanQuery & { readonly keysOnly: true }): Promise<Page<EntryHead>>;
  scan(query: ScanQuery): Promise<Page<Entry>>;
  scan(query: ScanQuery): Promise<Page<Entry>> {
    return this.#observed('scan', query ?? {}, () => this.#ledger.scan(query));
  }

  scopes(query?: ScopesQuery): Promise<Page<ScopeInfo>> {
    return this.#observed('scopes', {}, () => this.#ledger.scopes(query));
  }

  scope(name: string): Promise<ScopeInfo> {
    return this.#observed('scope', { scope: name }, () => this.#ledger.scope(name));
  }

  commit(proposal: Proposal): Promise<CommitAnswer> {
    const mutations = proposal?.mutations;
    const about = { scope: mutations?.[0]?.scope, size: mutations?.length };
    return this.#observed('commit', about, () => this.#ledger.commit(proposal));
  }

  log(after: Position, options?: LogOptions): Promise<LogPage> {
    return this.#observed('log', options ?? {}, () => this.#ledger.log(after, options));
  }

  watch(options: WatchOptions = {}): AsyncIterable<LogPage> {
    const pages = this.#ledger.watch(options)[Symbol.asyncIterator]();
    const { watching } = this.#observer;
    let isOpen = true;
    watching(1);
    const over = (): void => {
      if (isOpen) watching(-1);
      isOpen = false;
    };
    const iterator: AsyncIterableIterator<LogPage, undefined> = {
      [Symbol.asyncIterator]: () => iterator,
      async next() {
        try {
          const step = await pages.next();
          if (step.done !== true) return step;
        } catch (error) {
          over();
          throw error;
        }
        over();
        return { done: true, value: undefined };
      },
      async return() {
        over();
        await pages.return?.();
        return { done: true, value: undefined };
      },
    };
    return iterator;
  }

  pin(name: string, at: Position, ttlMs: number): Promise<Pin> {
    return this.#observed('pin', {}, () => this.#ledger.pin(name, at, ttlMs));
  }

  erase(ref: Ref): Promise<{ readonly existed: boolean; readonly changes: number }> {
    return this.#observed('erase', ref ?? {}, () => this.#ledger.erase(ref));
  }

  heartbeat(member: string, ttlMs: number): Promise<void> {
    return this.#observed('heartbeat', {}, () => this.#ledger.heartbeat(member, ttlMs));
  }

  members(): Promise<readonly Member[]> {
    return this.#observed('members', {}, () => this.#ledger.members());
  }

  async #observed<T>(method: string, about: About, run: () => Promise<T>): Promise<T> {
    const { clock, called } = this.#observer;
    const startedAt = clock.monotonic();
    const span = tracer.startSpan(method, { kind: SpanKind.SERVER });
    if (span.isRecording()) describe(span, method, this.name, about);
    let outcome = 'ok';
    try {
      const result = await run();
      if (isConflict(result)) outcome = 'conflict';
      return result;
    } catch (error) {
      outcome = isHoldfastError(error) ? error.code : 'internal';
      span.setAttributes({ 'error.type': outcome, 'db.response.status_code': outcome });
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
      called(method, outcome, (clock.monotonic() - startedAt) / 1000);
    }
  }
}

function describe(span: Span, method: string, app: string, { scope, size }: About): void {
  const attributes: Attributes = {
    'db.system.name': 'holdfast',
    'db.namespace': app,
    'db.operation.name': method,
  };
  if (typeof scope === 'string') {
    attributes['db.collection.name'] = scope;
    span.updateName(`${method} ${scope}`);
  }
  if (typeof size === 'number' && size > 1) attributes['db.operation.batch.size'] = size;
  span.setAttributes(attributes);
}

function isConflict(result: unknown): boolean {
  return typeof result === 'object' && result !== null && 'kind' in result
    ? result.kind === 'conflict'
    : false;
}
