/**
 * Many clients of several apps, each with watches of its own, that read and write at a steady pace.
 * What was acknowledged and what the watches saw is counted, so that a loss is seen.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { open } from '../../src/client/index.ts';
import type { Store } from '../../src/client/index.ts';
import { quantile } from '../measure.ts';

export interface CrowdTerms {
  readonly url: string;
  /** By app. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly watchesEach: number;
  /** Calls of all clients together. */
  readonly callsPerSecond: number;
}

/** What calls took, in milliseconds. */
export interface Pace {
  readonly calls: number;
  readonly p50: number;
  readonly p99: number;
}

const value = { name: 'Ada Lovelace', note: 'x'.repeat(100) };

class Member {
  readonly store: Store;
  readonly app: string;
  readonly name: string;
  /** Of the keys that it watches, its own alone. */
  written = 0;
  /** With those whose outcome was not told. */
  asked = 0;
  seen = 0;
  increments = 0;
  incrementsAsked = 0;

  constructor(store: Store, app: string, name: string) {
    this.store = store;
    this.app = app;
    this.name = name;
  }

  get ledger() {
    return this.store.app(this.app).ledger;
  }

  async watch(count: number, signal: AbortSignal): Promise<void> {
    const { position } = await this.ledger.head();
    for (let index = 0; index < count; index += 1) {
      const options = { scope: this.name, key: `k${index}`, after: position, signal };
      void this.#follow(this.ledger.watch(options));
    }
  }

  async act(turn: number, watches: number): Promise<void> {
    const scope = this.store.app(this.app).scope(this.name);
    const key = `k${turn % watches}`;
    const kind = turn % 10;
    if (kind < 6) await scope.get(key);
    else if (kind < 9) {
      this.asked += 1;
      await scope.set(key, { ...value, turn });
      this.written += 1;
    } else {
      this.incrementsAsked += 1;
      await this.store
        .app(this.app)
        .scope('total')
        .update('n', [{ op: 'increment' }]);
      this.increments += 1;
    }
  }

  async #follow(pages: AsyncIterable<{ readonly kind: string }>): Promise<void> {
    for await (const page of pages) {
      if (page.kind !== 'commits') throw new Error(`a watch was ${page.kind}`);
      const { commits } = page as unknown as { commits: { changes: unknown[] }[] };
      for (const { changes } of commits) this.seen += changes.length;
    }
  }
}

export class Crowd {
  readonly #terms: CrowdTerms;
  readonly #members: Member[] = [];
  readonly #stop = new AbortController();
  readonly #calls = new Set<Promise<void>>();
  #turn = 0;
  #millis: number[] = [];
  errors: string[] = [];

  constructor(terms: CrowdTerms) {
    this.#terms = terms;
  }

  async gather(): Promise<void> {
    const { url, tokens, connections, watchesEach } = this.#terms;
    const apps = Object.keys(tokens);
    const make = async (index: number): Promise<void> => {
      const app = apps[index % apps.length]!;
      const store = await open(url, { token: tokens[app], timeoutMs: 60_000, backoffMs: 500 });
      const member = new Member(store, app, `m${index}`);
      this.#members.push(member);
      await member.watch(watchesEach, this.#stop.signal);
    };
    for (let from = 0; from < connections; from += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, index) => make(from + index)));
    }
  }

  /** Calls for so long, each at its time whether those before are answered or not. */
  async act(seconds: number): Promise<Pace> {
    const { callsPerSecond, watchesEach } = this.#terms;
    this.#millis = [];
    const start = performance.now();
    const total = seconds * callsPerSecond;
    for (let call = 0; call < total; call += 1) {
      const dueMs = (call / callsPerSecond) * 1000 - (performance.now() - start);
      if (dueMs > 1) await sleep(dueMs);
      const round = Math.floor(this.#turn / this.#members.length);
      const member = this.#members[this.#turn % this.#members.length]!;
      // Neighbours do different things.
      this.#begin(member, round + (this.#turn % 10), watchesEach);
      this.#turn += 1;
    }
    await Promise.all(this.#calls);
    const millis = this.#millis;
    return { calls: millis.length, p50: quantile(millis, 0.5), p99: quantile(millis, 0.99) };
  }

  #begin(member: Member, turn: number, watches: number): void {
    const start = performance.now();
    const call = member
      .act(turn, watches)
      .then(() => void this.#millis.push(performance.now() - start))
      .catch((error: unknown) => void this.errors.push(String(error)))
      .finally(() => this.#calls.delete(call));
    this.#calls.add(call);
  }

  /** Events of acknowledged writes that the watches have not seen, once all had time to come. */
  async missed(): Promise<number> {
    for (let tries = 0; tries < 200 && this.#behind() > 0; tries += 1) await sleep(100);
    return this.#behind();
  }

  /** Acknowledged increments that the store does not have, and those that it has twice. */
  async astray(): Promise<number> {
    let astray = 0;
    for (const app of Object.keys(this.#terms.tokens)) {
      const members = this.#members.filter((member) => member.app === app);
      const [first] = members;
      const found = await first?.store.app(app).scope<number>('total').get('n', 0);
      const acknowledged = members.reduce((sum, { increments }) => sum + increments, 0);
      const asked = members.reduce((sum, { incrementsAsked }) => sum + incrementsAsked, 0);
      astray += Math.max(0, acknowledged - Number(found), Number(found) - asked);
    }
    return astray;
  }

  async leave(): Promise<void> {
    this.#stop.abort();
    for (const { store } of this.#members) await store.close();
  }

  #behind(): number {
    const behind = ({ written, asked, seen }: Member): number =>
      Math.max(0, written - seen, seen - asked);
    return this.#members.reduce((sum, member) => sum + behind(member), 0);
  }
}
