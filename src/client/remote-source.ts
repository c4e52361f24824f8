/** The ledgers of a server, as a store needs them. */
import type { EngineStats, Incarnation, Ledger, LedgerSource } from '../ledger/index.ts';
import { checkApp } from '../ledger/index.ts';
import { HoldfastError } from '../errors/index.ts';
import { RemoteLedger } from '../protocol/index.ts';
import type { Channel } from '../protocol/index.ts';
import { Link } from './link.ts';
import type { ClientTerms } from './options.ts';
import { RetryingCarrier } from './calls/retrying-carrier.ts';
import type { CallTerms } from './calls/retrying-carrier.ts';

export class RemoteSource implements LedgerSource {
  readonly #link: Link;
  readonly #carrier: RetryingCarrier;
  readonly #ledgers = new Map<string, Ledger>();
  #isClosed = false;

  private constructor(link: Link) {
    this.#link = link;
    this.#carrier = new RetryingCarrier(link);
  }

  /** Resolves once the server has said welcome. */
  static async open(terms: ClientTerms, extensions: readonly string[] = []): Promise<RemoteSource> {
    const link = new Link(terms);
    for (const extension of extensions) link.extensions.add(extension);
    try {
      await link.connection(terms.clock.monotonic() + terms.connectTimeoutMs);
    } catch (error) {
      link.close();
      throw error;
    }
    return new RemoteSource(link);
  }

  ledger(app: string): Ledger {
    this.#check(app);
    let ledger = this.#ledgers.get(app);
    if (ledger === undefined) {
      ledger = new RemoteLedger(app, this.#carrier);
      this.#ledgers.set(app, ledger);
    }
    return ledger;
  }

  /**
   * The ledger of an app, whose calls have a time limit or a signal of their own. What was sent
   * before the signal aborted may still be applied: the error's outcome says so.
   */
  ledgerWith(app: string, terms: CallTerms): Ledger {
    this.#check(app);
    return new RemoteLedger(app, this.#carrier.with(terms));
  }

  names(): Promise<readonly string[]> {
    return this.#carrier.ask('apps', {});
  }

  stats(): Promise<EngineStats> {
    return this.#carrier.ask('stats', {});
  }

  incarnations(app: string): Promise<readonly Incarnation[]> {
    return this.#carrier.ask('incarnations', { app });
  }

  /**
   * A channel to an extension that this client named when it was opened. It ends with the
   * connection; whoever wants to go on opens another. Throws `unsupported` if the server does not
   * know the extension.
   */
  channel(app: string, extension: string, args: unknown = {}): Promise<Channel> {
    this.#check(app);
    return this.#carrier.channel(app, extension, args);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#link.close();
    return Promise.resolve();
  }

  #check(app: string): void {
    checkApp(app);
    if (this.#isClosed) throw new HoldfastError('closed', 'the store was closed');
  }
}
