/** What all parts of an opened store share. */
import type { EngineOptions } from '../registry.ts';
import { systemClock } from '../../internal/clock.ts';
import { isHoldfastError } from '../../errors/index.ts';
import { explain, isCollision, LostConnection } from './wire/failure.ts';
import type { ServerFacts } from './server/facts.ts';
import type { Pool } from './wire/pool.ts';
import type { Session } from './wire/session.ts';
import type { Settings } from './wire/settings.ts';
import type { Prepare } from './wire/statement.ts';

export interface StoreParts {
  readonly settings: Settings;
  readonly options: EngineOptions;
  readonly facts: ServerFacts;
  readonly prepare: Prepare;
  readonly writing: Pool;
  readonly reading: Pool;
}

/** How often a read is asked again after its connection was lost. */
const retriesMax = 2;

export class PostgresStore {
  readonly settings: Settings;
  readonly options: EngineOptions;
  readonly facts: ServerFacts;
  readonly prepare: Prepare;
  readonly writing: Pool;
  readonly reading: Pool;

  constructor(parts: StoreParts) {
    this.settings = parts.settings;
    this.options = parts.options;
    this.facts = parts.facts;
    this.prepare = parts.prepare;
    this.writing = parts.writing;
    this.reading = parts.reading;
  }

  /**
   * The time that statements are to go by: the server's, said by null, unless whoever opened the
   * store brought a clock.
   */
  now(): number | null {
    const { clock } = this.options;
    return clock === systemClock ? null : clock.now();
  }

  /** Asks without changing anything, so that a lost connection is replaced by another. */
  async asking<T>(body: (session: Session) => Promise<T>): Promise<T> {
    for (let retries = 0; ; retries += 1) {
      try {
        return await this.reading.lend(body);
      } catch (error) {
        if (!this.mayTryAgain(error) || retries >= retriesMax) {
          throw explain(error, this.settings.place);
        }
      }
    }
  }

  /** Whether a failure that left nothing behind may go away on another connection. */
  mayTryAgain(error: unknown): boolean {
    if (isCollision(error)) return true;
    if (!(error instanceof LostConnection) || isHoldfastError(error.cause)) return false;
    this.writing.dropIdle();
    this.reading.dropIdle();
    return true;
  }

  async close(): Promise<void> {
    await Promise.all([this.writing.close(), this.reading.close()]);
  }
}
