/**
 * The session hosts of a server: one for each app, made when somebody first asks for it.
 *
 * A host that has no workers and no turns is let go of when there are many: it remembers nothing
 * that matters, and the next who asks has it made again.
 */
import type { Ledger } from '../../ledger/index.ts';
import { SessionHost } from '../../layers/sessions/index.ts';
import type { CloseHostOptions, SessionHostOptions } from '../../layers/sessions/index.ts';
import { sqliteCodec } from '../sqlite/sqlite-payload.ts';
import { sessionsExtension } from './sessions-extension.ts';
import type { SessionsExtension } from './sessions-extension.ts';

export interface SessionHostsOptions extends SessionHostOptions {
  /** Hosts that are kept though they have nothing to do. Default 100. */
  readonly idleMax?: number | undefined;
}

/** A store that is open in this process. */
export interface HostedStore {
  app(name: string): { readonly ledger: Ledger };
}

export class SessionHosts implements AsyncDisposable {
  /** For `ServeOptions.extensions`. */
  readonly extension: SessionsExtension;
  readonly #store: HostedStore;
  readonly #options: SessionHostsOptions;
  /** Whoever was asked for last is last. */
  readonly #hosts = new Map<string, SessionHost>();

  /** Sessions that are SQLite databases are kept unless `codecs` says otherwise. */
  constructor(store: HostedStore, options: SessionHostsOptions = {}) {
    this.#store = store;
    this.#options = { ...options, codecs: options.codecs ?? [sqliteCodec] };
    this.extension = sessionsExtension((app) => this.of(app));
  }

  /** How many there are. */
  get size(): number {
    return this.#hosts.size;
  }

  /**
   * The host of an app, made when it is asked for. Throws `invalid_name` for what is no app's name.
   *
   * @example
   * import { SessionHosts } from 'holdfast/sessions';
   *
   * await using hosts = new SessionHosts(store);
   * await hosts.of('shop').session('s').head(); // => undefined
   * hosts.size; // => 1
   */
  of(app: string): SessionHost {
    const host = this.#hosts.get(app) ?? new SessionHost(this.#store.app(app), this.#options);
    this.#hosts.delete(app);
    this.#hosts.set(app, host);
    this.#letGo(app);
    return host;
  }

  /**
   * Closes all of them, at once, as `SessionHost.close` does.
   *
   * @example
   * import { SessionHosts } from 'holdfast/sessions';
   *
   * const hosts = new SessionHosts(store, { workerWaitMs: 1000 });
   * const shop = hosts.of('shop');
   * await hosts.close({ finishMs: 5000 });
   * const request = { session: 's', id: '1', agent: 'notes' };
   * await shop.turn(request).catch(({ code }) => code); // => 'closed'
   */
  async close(options: CloseHostOptions = {}): Promise<void> {
    await Promise.all(Array.from(this.#hosts.values(), (host) => host.close(options)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #letGo(wanted: string): void {
    const { idleMax = 100 } = this.#options;
    if (this.#hosts.size <= idleMax) return;
    const idle = [...this.#hosts].filter(([app, host]) => app !== wanted && host.isIdle);
    for (const [app] of idle.slice(0, Math.max(0, idle.length - idleMax))) this.#hosts.delete(app);
  }
}
