/**
 * Telling listeners that a head may have moved: after this process's commits, and after those of
 * others.
 *
 * H1. Listeners run after the call that moved a head: none can delay or fail a commit.
 * H2. Others are told by one NOTIFY for all groups that were committed since the last, outside
 *     their transactions: a NOTIFY inside would hold a lock over the whole server until the commit
 *     is on disk.
 * H3. While somebody listens, heads are polled: seldom where notifications were seen to arrive,
 *     often where they do not (through a transaction pooler). The poll is the truth (E4).
 */
import { createHash } from 'node:crypto';
import { systemClock } from '../../internal/clock.ts';
import type { Timer } from '../../internal/clock.ts';
import type { PostgresStore } from './store.ts';
import { Session } from './wire/session.ts';
import type { SessionParts } from './wire/session.ts';
import type { Statement } from './wire/statement.ts';

type Listener = (ledger: string) => void;

const pollMs = 1000;
const pollUnheardMs = 100;
const reconnectMs = 1000;
/** The least time between two notifications of a process. */
const betweenMs = 5;
/** Names in one notification; a payload has room for 8,000 bytes. */
const namesMax = 100;

interface Notice {
  /** Who sent it: nobody is hinted of what it has hinted itself. */
  readonly from: string;
  readonly ledgers: readonly string[];
}

export class Hints {
  readonly #store: PostgresStore;
  readonly #parts: SessionParts;
  readonly #id: string;
  readonly #channel: string;
  readonly #notify: Statement;
  readonly #select: Statement;
  readonly #listeners = new Set<{ readonly call: Listener }>();
  /** The revisions that were hinted, while somebody listens. */
  readonly #heads = new Map<string, number>();
  readonly #unsent = new Set<string>();
  #sending: Promise<void> | undefined;
  #sentAt = -Infinity;
  #session: Session | undefined;
  #isHeard = false;
  #timer: Timer | undefined;
  #closed = false;

  constructor(store: PostgresStore, parts: SessionParts) {
    this.#store = store;
    this.#parts = parts;
    this.#id = store.options.random.hex(8);
    const { schema } = store.settings;
    this.#channel = `hf_${createHash('sha256').update(schema).digest('hex').slice(0, 20)}`;
    this.#notify = store.prepare('SELECT pg_notify($1, $2)');
    this.#select = store.prepare('SELECT name, revision FROM {ledger} WHERE revision > 0');
  }

  /** The same function may listen twice; each subscription ends by itself. */
  subscribe(listener: Listener): () => void {
    const subscription = { call: listener };
    this.#listeners.add(subscription);
    if (this.#listeners.size === 1) this.#start();
    return () => {
      if (this.#listeners.delete(subscription) && this.#listeners.size === 0) this.#stop();
    };
  }

  /** A commit of this process. */
  publish(ledger: string, revision: number): void {
    if (this.#listeners.size > 0) {
      this.#heads.set(ledger, Math.max(revision, this.#heads.get(ledger) ?? 0));
      this.#tell(ledger);
    }
    this.#unsent.add(ledger);
    this.#sending ??= this.#send();
  }

  /** Sends what is to be sent, and listens no more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#listeners.clear();
    this.#stop();
    await this.#sending;
  }

  #tell(ledger: string): void {
    for (const subscription of this.#listeners) {
      queueMicrotask(() => {
        if (this.#listeners.has(subscription)) subscription.call(ledger);
      });
    }
  }

  async #send(): Promise<void> {
    while (this.#unsent.size > 0) {
      await this.#pause();
      const ledgers = [...this.#unsent].slice(0, namesMax);
      for (const ledger of ledgers) this.#unsent.delete(ledger);
      await this.#post({ from: this.#id, ledgers });
    }
    this.#sending = undefined;
  }

  /** Those who commit one after the other are not slowed down by telling of each. */
  async #pause(): Promise<void> {
    const waitMs = this.#sentAt + betweenMs - systemClock.monotonic();
    if (waitMs > 0 && !this.#closed) await systemClock.sleep(waitMs);
    this.#sentAt = systemClock.monotonic();
  }

  /** A hint may be lost (E4): what is wrong with the server, the next call will say. */
  async #post(notice: Notice): Promise<void> {
    const values = [this.#channel, JSON.stringify(notice)];
    try {
      await this.#store.asking((session) => session.run(this.#notify, values));
    } catch {
      // The poll of those who listen makes up for it.
    }
  }

  #start(): void {
    void this.#look(false);
    void this.#listen();
    this.#poll();
  }

  #stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#heads.clear();
    this.#isHeard = false;
    void this.#session?.close();
    this.#session = undefined;
  }

  #poll(): void {
    const delayMs = this.#isHeard ? pollMs : pollUnheardMs;
    this.#timer = systemClock.after(delayMs, () => {
      void this.#look(true).then(() => {
        if (this.#listeners.size > 0 && this.#timer !== undefined) this.#poll();
      });
    });
  }

  async #look(hints: boolean): Promise<void> {
    try {
      const { rows } = await this.#store.asking((session) => session.run(this.#select));
      if (this.#listeners.size === 0) return;
      for (const [name, revision] of rows as readonly (readonly [string, number])[]) {
        const known = this.#heads.get(name);
        if (known === revision) continue;
        this.#heads.set(name, revision);
        if (hints) this.#tell(name);
      }
    } catch {
      // Looked at again before long.
    }
  }

  /** A connection of its own, whose first notification is one that it has sent to itself. */
  async #listen(): Promise<void> {
    try {
      const session = await Session.connect(this.#parts);
      if (this.#listeners.size === 0 || this.#session !== undefined) {
        await session.close();
        return;
      }
      this.#session = session;
      session.keepAlive(false);
      session.notifications((payload) => this.#receive(payload));
      session.whenBroken(() => this.#listenLater());
      await session.batch(`LISTEN ${this.#channel}`);
      await this.#post({ from: `${this.#id} itself`, ledgers: [] });
    } catch {
      this.#listenLater();
    }
  }

  #listenLater(): void {
    this.#session = undefined;
    this.#isHeard = false;
    if (this.#closed) return;
    systemClock.after(reconnectMs, () => {
      if (this.#listeners.size > 0 && this.#session === undefined) void this.#listen();
    });
  }

  #receive(payload: string): void {
    const notice = parsed(payload);
    if (notice === undefined) return;
    this.#isHeard = true;
    if (notice.from === this.#id) return;
    for (const ledger of notice.ledgers) this.#tell(ledger);
  }
}

/** Anybody may send on a channel. */
function parsed(payload: string): Notice | undefined {
  try {
    const { from, ledgers } = JSON.parse(payload) as Partial<Notice>;
    if (typeof from !== 'string' || !Array.isArray(ledgers)) return undefined;
    return { from, ledgers: ledgers.filter((name) => typeof name === 'string') };
  } catch {
    return undefined;
  }
}
