/** The expiry index against the entries, and the dead that nobody sweeps. */
import type { Head, StoredEntry } from '../../engine/index.ts';
import { addressOf } from '../keyspace/address.ts';
import type { Scene } from './scene.ts';

/** More entries than this are not compared one by one with the index. */
const comparedMax = 200_000;
const patienceMs = 5 * 60 * 1000;

interface Expiring {
  readonly version: number;
  readonly expiresAt: number;
}

export class Expiry {
  readonly #scene: Scene;
  readonly #expiring = new Map<string, Expiring>();
  #count = 0;
  #resting = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  see(entry: StoredEntry, head: Head, now: number): void {
    const { scope, key, expiresAt } = entry;
    if (expiresAt === undefined) return;
    this.#count += 1;
    if (this.#expiring.size < comparedMax) {
      this.#expiring.set(addressOf(entry), { version: entry.version, expiresAt });
    }
    if (expiresAt > now - patienceMs) return;
    if (expiresAt > head.time - patienceMs) {
      this.#resting += 1;
      return;
    }
    const message = `'${key}' in '${scope}' is dead, and others wrote since without sweeping it`;
    this.#scene.problem('unswept', message, { scope, key, expiresAt });
  }

  async report(): Promise<void> {
    if (this.#resting > 0) {
      const message = `${this.#resting} dead entries wait for the next process to sweep them`;
      this.#scene.notice('unswept', message, { count: this.#resting });
    }
    if (this.#count > comparedMax) return;
    const missing = await this.#differences();
    // What moved between the two looks is gone from a second one.
    const again = missing.size === 0 ? missing : await this.#differences();
    for (const [address, fault] of again) {
      if (!missing.has(address)) continue;
      const [scope = '', key = ''] = address.split('\0');
      this.#scene.problem('expiry_index', `'${key}' in '${scope}' ${fault}`, { scope, key });
    }
  }

  async #differences(): Promise<Map<string, string>> {
    const { engine, app } = this.#scene;
    const due = await engine.due(Number.MAX_SAFE_INTEGER, comparedMax * 2);
    const indexed = new Map<string, number>();
    for (const one of due) if (one.ledger === app) indexed.set(addressOf(one), one.expiresAt);
    const found = new Map<string, string>();
    for (const [address, entry] of this.#expiring) {
      if (indexed.get(address) === entry.expiresAt) indexed.delete(address);
      else if (await this.#stands(address, entry))
        found.set(address, 'expires, but the index lacks it');
    }
    for (const [address] of indexed) {
      const [scope = '', key = ''] = address.split('\0');
      const { entries } = await engine.read(app, [{ scope, key }]);
      if (entries[0]?.expiresAt === indexed.get(address)) continue;
      found.set(address, 'is in the expiry index, but does not expire then');
    }
    return found;
  }

  async #stands(address: string, { version }: Expiring): Promise<boolean> {
    const [scope = '', key = ''] = address.split('\0');
    const { entries } = await this.#scene.engine.read(this.#scene.app, [{ scope, key }]);
    return entries[0]?.version === version;
  }
}
