/**
 * Member ids belong to the client that used them first: nobody keeps another's process alive, or
 * declares it dead.
 *
 * The holder is kept in the server's own ledger, as a digest of the client's secret, so that it
 * holds across connections, workers and restarts. It costs one commit a day in a member's life.
 */
import { hash } from 'node:crypto';
import { HoldfastError } from '../../errors/index.ts';
import { LRUCache } from 'lru-cache';
import type { Ledger } from '../../ledger/index.ts';

const scope = 'members';
/** A member that is silent for so long is a stranger when it comes back. */
const keptMs = 7 * 24 * 60 * 60 * 1000;
/** How long nobody looks again; then the keeping is prolonged. */
const trustedMs = 24 * 60 * 60 * 1000;
const cachedMembers = 10_000;

export class Members {
  readonly #system: Ledger;
  readonly #holders = new LRUCache<string, string>({ max: cachedMembers, ttl: trustedMs });

  constructor(system: Ledger) {
    this.#system = system;
  }

  /** Throws `forbidden` if `member` is another client's. `instance` is this client's secret. */
  async claim(member: string, instance: string): Promise<void> {
    const holder = hash('sha256', instance, 'base64url');
    const key = hash('sha256', member, 'base64url');
    if (this.#holders.get(key) === holder) return;
    const known = await this.#known(key);
    if (known === undefined) {
      const { kind } = await this.#system.commit({
        checks: [{ kind: 'version', scope, key, version: 0 }],
        mutations: [{ kind: 'set', scope, key, value: holder, ttlMs: keptMs }],
      });
      if (kind === 'conflict') return this.claim(member, instance);
    } else if (known !== holder) {
      throw new HoldfastError('forbidden', `the member '${member}' is another client's`, {
        details: { member },
      });
    } else {
      await this.#system.commit({ mutations: [{ kind: 'touch', scope, key, ttlMs: keptMs }] });
    }
    this.#holders.set(key, holder);
  }

  async #known(key: string): Promise<unknown> {
    const [entry] = await this.#system.read([{ scope, key }]);
    return entry?.value.decode();
  }
}
