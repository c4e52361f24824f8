/**
 * The ledgers of a server, as a store needs them: `store.source` of a store that `open` gave.
 *
 * All its ledgers share one connection, which is made anew whenever it is lost.
 */
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

  /**
   * Resolves once the server has said welcome, within `connectTimeoutMs`. Throws what the client's
   * `open` throws, which is the same with a store around it.
   *
   * @example
   * import { clientTerms, RemoteSource } from 'holdfast/client';
   * import { serve } from 'holdfast/server';
   *
   * await store.app('shop').scope('users').set('ada', 1);
   * await using server = await serve(store, { port: 0 });
   * const source = await RemoteSource.open(clientTerms(server.url));
   * await source.names(); // => ['shop']
   * await source.close();
   */
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
   * before the signal aborted may still be applied: the error's outcome says so. Costs nothing: it
   * shares the connection. Throws `invalid_name`, `closed`.
   *
   * @example
   * import { open } from 'holdfast/client';
   * import { serve } from 'holdfast/server';
   *
   * await using server = await serve(store, { port: 0 });
   * await using remote = await open(server.url);
   * const hurried = remote.source.ledgerWith('example', { timeoutMs: 2000 });
   * const mutations = [{ kind: 'set', scope: 'users', key: 'ada', value: 1 }] as const;
   * const { kind } = await hurried.commit({ mutations });
   * kind; // => 'committed'
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
   *
   * @example
   * import { open } from 'holdfast/client';
   * import { serve } from 'holdfast/server';
   * import type { ServerExtension } from 'holdfast/server';
   *
   * const greeter: ServerExtension = {
   *   name: 'greeter/1',
   *   async open(channel, { args }) {
   *     await channel.send({ body: { greeted: args } });
   *     channel.close();
   *   },
   * };
   * await using server = await serve(store, { port: 0, extensions: [greeter] });
   * await using remote = await open(server.url, { extensions: ['greeter/1'] });
   * const channel = await remote.source.channel('example', 'greeter/1', 'Ada');
   * const answers = await Array.fromAsync(channel, ({ body }) => body);
   * answers; // => [{ greeted: 'Ada' }]
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
