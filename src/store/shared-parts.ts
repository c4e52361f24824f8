/** What an app is made with, and what all its handles in this process share. */
import { Membership } from '../ledger/index.ts';
import type { Ledger } from '../ledger/index.ts';
import type { ScopeHost, ScopeHostParts } from '../layers/scopes/index.ts';
import { Triggers } from '../layers/triggers/index.ts';

export interface AppParts extends ScopeHostParts {
  /** How long this process counts as alive after a heartbeat. Default 10,000. */
  readonly memberTtlMs?: number | undefined;
}

export class SharedParts {
  readonly openRuns = new Set<string>();
  readonly triggers: Triggers;
  readonly #ledger: Ledger;
  readonly #parts: AppParts;
  #membership: Membership | undefined;

  constructor(host: ScopeHost, parts: AppParts) {
    this.#ledger = host.ledger;
    this.#parts = parts;
    this.triggers = new Triggers(host, () => this.membership);
    host.onErase((ref) => this.triggers.eraseValues(ref));
  }

  /** One heartbeat for whatever this process owns in the app. */
  get membership(): Membership {
    const { clock, random, memberTtlMs: ttlMs } = this.#parts;
    this.#membership ??= new Membership(this.#ledger, { clock, random, ttlMs });
    return this.#membership;
  }

  async stop(): Promise<void> {
    await this.triggers.close();
    await this.#membership?.stop();
  }
}
