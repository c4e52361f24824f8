/**
 * One of many processes does some work; the others learn when it is over.
 *
 * F1. A claim is an entry with a time to live, which its holder prolongs while it works. A holder
 *     that dies is out of the way after `leaseMs`.
 * F2. What the holder writes in the end carries `check()`: a holder that was paused for so long
 *     that another took over, or whose claim was removed, writes nothing.
 * F3. Within a process, callers should share one claim: it knows nothing of who is who here.
 */
import type { Timer } from '../../internal/clock.ts';
import type { Check, Mutation, Position, Ref } from '../../ledger/index.ts';
import type { ScopeHost } from '../scopes/index.ts';
import { refOf } from './keyspace.ts';

/** So that two prolongations may be late or lost. */
const prolongsPerLease = 3;
/** A waiting caller keeps its process alive by short sleeps, and so ends soon after it is told. */
const sleepMs = 100;
/** Whoever is told nothing looks again after this: a holder may have died, or a watch failed. */
const lookAgainMs = 1000;

/** Somebody else is at it. */
export interface Elsewhere {
  readonly kind: 'elsewhere';
  readonly position: Position;
}

export class SingleFlight {
  readonly #host: ScopeHost;
  readonly #scope: string;
  readonly #leaseMs: number;

  constructor(host: ScopeHost, scope: string, leaseMs: number) {
    this.#host = host;
    this.#scope = scope;
    this.#leaseMs = leaseMs;
  }

  async claim(key: string): Promise<Claim | Elsewhere> {
    const ref = refOf(this.#scope, 'c', key);
    const token = this.#host.random.hex(8);
    const answer = await this.#host.commit({
      checks: [{ kind: 'version', ...ref, version: 0 }],
      mutations: [{ kind: 'set', ...ref, value: token, ttlMs: this.#leaseMs }],
    });
    if (answer.kind === 'committed') return new Claim(this.#host, ref, token, this.#leaseMs);
    return { kind: 'elsewhere', position: answer.position };
  }

  /** Resolves once the claim was given up, or might have died. Then look again. */
  async ended(key: string, { position }: Elsewhere): Promise<void> {
    const abort = new AbortController();
    const { ledger, clock } = this.#host;
    const options = { ...refOf(this.#scope, 'c', key), keysOnly: true, signal: abort.signal };
    const waited = async (): Promise<void> => {
      const longest = Math.min(this.#leaseMs, lookAgainMs);
      for (let left = longest; left > 0 && !abort.signal.aborted; left -= sleepMs) {
        await clock.sleep(Math.min(left, sleepMs));
      }
    };
    const told = async (): Promise<void> => {
      try {
        for await (const _ of ledger.watch({ ...options, after: position })) return;
      } catch {
        // Time alone tells, then; an outage shows in the next look.
      }
      await waited();
    };
    try {
      await Promise.race([told(), waited()]);
    } finally {
      abort.abort();
    }
  }

  /** Ends whatever claim there is: its holder will not be able to write. */
  end(key: string): Mutation {
    return { kind: 'delete', ...refOf(this.#scope, 'c', key) };
  }
}

/** To be ended by `publish` or `giveUp`. */
export class Claim {
  readonly kind = 'claimed';
  readonly #host: ScopeHost;
  readonly #ref: Ref;
  readonly #token: string;
  readonly #leaseMs: number;
  readonly #abort = new AbortController();
  #timer: Timer | undefined;
  #isOver = false;

  constructor(host: ScopeHost, ref: Ref, token: string, leaseMs: number) {
    this.#host = host;
    this.#ref = ref;
    this.#token = token;
    this.#leaseMs = leaseMs;
    this.#prolongLater();
  }

  /** Aborts once it is known that the claim is lost: the work is for nothing. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** That nobody took over, and nobody ended it. */
  check(): Check {
    return { kind: 'value', ...this.#ref, value: this.#token };
  }

  /** Writes the outcome and ends the claim. False, and nothing written, if a check fails. */
  async publish(
    mutations: readonly Mutation[],
    checks: readonly Check[] = [this.check()],
  ): Promise<boolean> {
    this.#isOver = true;
    this.#timer?.cancel();
    const ended: Mutation = { kind: 'delete', ...this.#ref };
    const answer = await this.#host.commit({ checks, mutations: [...mutations, ended] });
    return answer.kind === 'committed';
  }

  /** For work that failed: somebody else may try at once. */
  async giveUp(): Promise<void> {
    // If even that fails, the claim dies by itself; the failure of the work is what matters.
    await this.publish([]).catch(() => false);
  }

  #prolongLater(): void {
    const delayMs = Math.max(1, Math.floor(this.#leaseMs / prolongsPerLease));
    this.#timer = this.#host.clock.after(delayMs, () => void this.#prolong());
  }

  async #prolong(): Promise<void> {
    const checks = [this.check()];
    const touch: Mutation = { kind: 'touch', ...this.#ref, ttlMs: this.#leaseMs };
    try {
      const answer = await this.#host.commit({ checks, mutations: [touch] }, 'relaxed');
      if (answer.kind === 'conflict') {
        if (!this.#isOver) this.#abort.abort();
        return;
      }
    } catch {
      // The next one may get through; if none does, another takes over and the fence holds.
    }
    if (!this.#isOver) this.#prolongLater();
  }
}
