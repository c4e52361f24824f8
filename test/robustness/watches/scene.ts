/**
 * One store, its truth, and watchers that are disconnected, killed and outrun by the trimming of
 * the log.
 *
 * The truth is the log as the writer reads it after each of its writes, before anything is trimmed.
 */
import type { WatchEvent } from '../../../src/index.ts';
import { seededRandom } from '../../../src/internal/random.ts';
import type { Random } from '../../../src/internal/random.ts';
import { openLedgers, origin } from '../../../src/ledger/index.ts';
import type { Commit, Ledger, Ledgers, Position } from '../../../src/ledger/index.ts';
import { App } from '../../../src/store/index.ts';
import { falteringLedger } from '../../../src/testing/faltering-ledger.ts';
import type { LineFaults } from '../../../src/testing/faltering-ledger.ts';
import { ManualClock, pressing } from '../../../src/testing/index.ts';
import type { Ground } from '../grounds.ts';

export const retentionMs = 60_000;

export class Scene {
  readonly clock = new ManualClock();
  readonly random: Random;
  readonly faults: LineFaults = { lostCall: 0.05, lostAnswer: 0, lateCommit: 0, brokenStream: 0.1 };
  /** Every commit there ever was. */
  readonly truth: Commit[] = [];
  readonly #ground: Ground;
  readonly #url: string;
  #seen: Position = origin;
  #opened = 0;
  #isTrimming = false;
  #writer: Ledgers | undefined;

  constructor(seed: number, ground: Ground, url: string) {
    this.random = seededRandom(seed);
    this.#ground = ground;
    this.#url = url;
  }

  async start(): Promise<Ledger> {
    this.#writer = await this.#open();
    return this.#writer.ledger('app');
  }

  /** The app as a process of its own sees it, over a bad line. `kill` ends the process. */
  async process(): Promise<{ readonly app: App; kill(): Promise<void> }> {
    const ledgers = await this.#open();
    const random = seededRandom(Math.floor(this.random.float() * 2 ** 31));
    const seen = await this.#ground.view(ledgers);
    const ledger = falteringLedger(seen.ledger, random, this.faults);
    const app = App.over(ledger, { clock: this.clock, random });
    return {
      app,
      async kill() {
        await seen.close();
        await ledgers.close();
      },
    };
  }

  /** Adds to the truth what was committed since. To be called before anything is trimmed. */
  async learn(ledger: Ledger): Promise<void> {
    for (;;) {
      const page = await ledger.log(this.#seen);
      if (page.kind !== 'commits') throw new Error(`the truth itself was ${page.kind}`);
      this.truth.push(...page.commits);
      this.#seen = page.through;
      if (page.through.revision >= page.head.revision) return;
    }
  }

  /** The log is gone up to here, at least. */
  trimmed = 0;

  /** What expired becomes part of the truth before the log of it can go. */
  async trim(ledger: Ledger): Promise<void> {
    this.#isTrimming = true;
    await this.#writer?.runDuties();
    await this.learn(ledger);
    // A hostile engine may show an old head.
    for (let look = 0; look < 10; look += 1) {
      this.trimmed = Math.max(this.trimmed, (await ledger.head()).trimmed);
    }
    this.#isTrimming = false;
  }

  /** A watcher may hear of a commit before its writer has learned of it. */
  async knows(event: WatchEvent): Promise<void> {
    const { revision } = 'position' in event ? event.position : event.head;
    while (this.revision < revision || this.#isTrimming) await this.turn();
  }

  /** How long one waits for an event before one gives up: a question takes its time. */
  get patienceTurns(): number {
    return this.#ground.isFar ? 60 : 400;
  }

  /** How many turns pass between two writes, at most. */
  get pauseTurns(): number {
    return this.#ground.isFar ? 12 : 40;
  }

  /** Lets those go on who are ready to: a turn of the event loop, or a question to the store. */
  async turn(): Promise<void> {
    if (this.#ground.isFar) await this.#writer?.ledger('app').head();
    await new Promise<void>((resolve) => {
      this.clock.soon(resolve);
    });
  }

  get revision(): number {
    return this.#seen.revision;
  }

  async close(): Promise<void> {
    await this.#writer?.close();
  }

  /** What the log says was there, by `scope/key`, the dead that nobody met included. */
  stateAt(revision: number): Map<string, { value: unknown; expiresAt: number | undefined }> {
    const state = new Map<string, { value: unknown; expiresAt: number | undefined }>();
    for (const { position, changes } of this.truth) {
      if (position.revision > revision) break;
      for (const { scope, key, value, expiresAt } of changes) {
        if (value === undefined) state.delete(`${scope}/${key}`);
        else state.set(`${scope}/${key}`, { value: value.decode(), expiresAt });
      }
    }
    return state;
  }

  async #open(): Promise<Ledgers> {
    const { clock } = this;
    const random = seededRandom(Math.floor(this.random.float() * 2 ** 31) + this.#opened);
    this.#opened += 1;
    const shared = { cacheBytes: 2 ** 20, busyTimeoutMs: 5000, mustExist: false, readOnly: false };
    const engine = await this.#ground.open(this.#url, {
      clock: pressing(clock),
      random,
      ...shared,
    });
    const retention = { ms: retentionMs };
    return openLedgers(engine, { clock: pressing(clock), random, sweepMs: 0, retention });
  }
}

export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random.float() * items.length)];
  return item as T;
}
