/**
 * Decides what is asked of one limit, key by key.
 *
 * D1. State, then time, then commit: the time is asked for once the state is known, and the commit
 *     is checked against that state. So each decision has a moment between the one before it and
 *     its own commit, and time runs forward from decision to decision, in however many processes.
 *     Asking first would give credit for the way to the commit.
 * D2. Callers of one process who wait for a key are decided together, in order, in one commit.
 * D3. What was given is remembered for longer than it counts, so that nothing that matters to a
 *     decision under way is forgotten meanwhile.
 */
import { Retry } from '../../scopes/index.ts';
import type { ScopeHost } from '../../scopes/index.ts';
import type { LedgerTime } from '../ledger-time.ts';
import type { RateLimit, Verdict } from './rate-limit.ts';

interface Asked {
  readonly cost: number;
  resolve(verdict: Verdict): void;
  reject(error: unknown): void;
}

/** Each loss is to others who were served. */
const attempts = 200;
/** No decision takes this long. */
const graceMs = 60_000;

export class DecisionLane {
  readonly #host: ScopeHost;
  readonly #time: LedgerTime;
  readonly #scope: string;
  readonly #kind: string;
  readonly #limit: RateLimit;
  /** By key, while somebody waits for it. */
  readonly #waiting = new Map<string, Asked[]>();

  constructor(
    host: ScopeHost,
    time: LedgerTime,
    scope: string,
    { kind, limit }: { readonly kind: string; readonly limit: RateLimit },
  ) {
    this.#host = host;
    this.#time = time;
    this.#scope = scope;
    this.#kind = kind;
    this.#limit = limit;
  }

  take(key: string, cost: number): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(key);
      const asked: Asked = { cost, resolve, reject };
      if (waiting !== undefined) {
        waiting.push(asked);
        return;
      }
      this.#waiting.set(key, [asked]);
      // Whoever asks in the same turn is decided together with this one.
      queueMicrotask(() => void this.#run(key));
    });
  }

  /** What would be answered now. */
  async look(key: string, cost: number): Promise<Verdict> {
    const { state, now } = await this.#read(key);
    return this.#limit.take(state, now, cost).verdict;
  }

  async #run(key: string): Promise<void> {
    for (;;) {
      const asked = this.#waiting.get(key)?.splice(0) ?? [];
      if (asked.length === 0) break;
      try {
        const verdicts = await this.#decide(
          key,
          asked.map(({ cost }) => cost),
        );
        for (const [index, one] of asked.entries()) {
          const verdict = verdicts[index];
          if (verdict !== undefined) one.resolve(verdict);
        }
      } catch (error) {
        for (const one of asked) one.reject(error);
      }
    }
    this.#waiting.delete(key);
  }

  async #decide(key: string, costs: readonly number[]): Promise<readonly Verdict[]> {
    const ref = { scope: this.#scope, key };
    const retry = new Retry(this.#host, attempts, `a decision on '${key}' in '${this.#scope}'`);
    try {
      for (;;) {
        const read = await this.#read(key);
        let { state } = read;
        const verdicts = costs.map((cost) => {
          const taken = this.#limit.take(state, read.now, cost);
          if (taken.verdict.allowed) ({ state } = taken);
          return taken.verdict;
        });
        if (state === read.state) return verdicts;
        const value = [this.#kind, state];
        const ttlMs = this.#limit.memoryMs + graceMs;
        const answer = await this.#host.commit({
          checks: [{ kind: 'version', ...ref, version: read.version }],
          mutations: [{ kind: 'set', ...ref, value, ttlMs }],
        });
        if (answer.kind === 'committed') return verdicts;
        await retry.after(answer);
      }
    } finally {
      retry.release();
    }
  }

  async #read(key: string) {
    const [entry] = await this.#host.ledger.read([{ scope: this.#scope, key }]);
    const now = await this.#time.now();
    const stored = entry?.value.decode();
    // What a limit of another kind left under the same name means nothing to this one.
    const isOurs = Array.isArray(stored) && stored[0] === this.#kind;
    return {
      state: isOurs ? (stored[1] as unknown) : undefined,
      now,
      version: entry?.version ?? 0,
    };
  }
}
