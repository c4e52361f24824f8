/**
 * Connections that are lent out one by one, made when they are needed.
 *
 * Those who wait are served in order of arrival; nobody waits longer than `timeoutMs`.
 */
import { HoldfastError } from '../../../errors/index.ts';
import { systemClock } from '../../../internal/clock.ts';
import type { Timer } from '../../../internal/clock.ts';
import { explain } from './failure.ts';
import { Session } from './session.ts';
import type { SessionParts } from './session.ts';

interface Waiting {
  readonly timer: Timer;
  resolve(session: Session): void;
  reject(error: unknown): void;
}

export class Pool {
  readonly #parts: SessionParts;
  /** Connections at most. */
  readonly size: number;
  readonly #idle: Session[] = [];
  readonly #waiting = new Set<Waiting>();
  readonly #all = new Set<Session>();
  #connecting = 0;
  #closed = false;

  constructor(parts: SessionParts, size: number) {
    this.#parts = parts;
    this.size = size;
  }

  /** Lends a connection to `body`. Throws `unavailable` if none can be had in time. */
  async lend<T>(body: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.#acquire();
    session.keepAlive(true);
    try {
      return await body(session);
    } finally {
      this.#release(session);
    }
  }

  /** After one connection was lost the idle ones are likely dead too. */
  dropIdle(): void {
    for (const session of this.#idle.splice(0)) void this.#end(session);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject, timer } of this.#waiting) {
      timer.cancel();
      reject(new HoldfastError('closed', 'the engine was closed'));
    }
    this.#waiting.clear();
    await Promise.all([...this.#all].map((session) => this.#end(session)));
  }

  #acquire(): Promise<Session> {
    const session = this.#idle.pop();
    if (session !== undefined) return Promise.resolve(session);
    return new Promise((resolve, reject) => {
      const { timeoutMs } = this.#parts.settings;
      const timer = systemClock.after(timeoutMs, () => {
        this.#waiting.delete(waiting);
        const message = `no connection was free within ${timeoutMs} ms`;
        reject(new HoldfastError('unavailable', message, { details: { timeoutMs } }));
      });
      const waiting: Waiting = { timer, resolve, reject };
      this.#waiting.add(waiting);
      this.#connectMore();
    });
  }

  #connectMore(): void {
    if (this.#closed || this.#all.size + this.#connecting >= this.size) return;
    if (this.#connecting >= this.#waiting.size) return;
    this.#connecting += 1;
    void Session.connect(this.#parts).then(
      (session) => this.#judge(session),
      (error: unknown) => this.#refuse(error),
    );
  }

  /** After a failover an address may lead to what is a standby now. */
  #judge(session: Session): void {
    if (!session.isStandby) {
      this.#admit(session);
      return;
    }
    void session.close();
    const message = `${this.#parts.settings.place} is a standby, whose answers may be old`;
    this.#refuse(new HoldfastError('unavailable', message));
  }

  #admit(session: Session): void {
    this.#connecting -= 1;
    this.#all.add(session);
    session.whenBroken(() => this.#forget(session));
    this.#release(session);
  }

  /** One failure to connect answers one who waits; the others try for themselves. */
  #refuse(error: unknown): void {
    this.#connecting -= 1;
    const [first] = this.#waiting;
    if (first !== undefined) {
      this.#waiting.delete(first);
      first.timer.cancel();
      first.reject(explain(error, this.#parts.settings.place));
    }
    this.#connectMore();
  }

  #release(session: Session): void {
    if (this.#closed || session.isBroken) {
      void this.#end(session);
      this.#connectMore();
      return;
    }
    const [first] = this.#waiting;
    if (first === undefined) {
      session.keepAlive(false);
      this.#idle.push(session);
      return;
    }
    this.#waiting.delete(first);
    first.timer.cancel();
    first.resolve(session);
  }

  #forget(session: Session): void {
    this.#all.delete(session);
    const index = this.#idle.indexOf(session);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  async #end(session: Session): Promise<void> {
    this.#forget(session);
    await session.close();
  }
}
