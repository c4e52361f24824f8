/**
 * What to do after losing a race: let those go first who lost before, wait a little, give up in the
 * end.
 */
import { HoldfastError } from '../../../errors/index.ts';
import type { Clock } from '../../../internal/clock.ts';
import type { Random } from '../../../internal/random.ts';
import type { Check, Conflict } from '../../../ledger/index.ts';
import type { Turn, Turnstile } from './turnstile.ts';

const waitBaseMs = 1;
const waitMaxMs = 250;

export interface RetryParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly turnstile: Turnstile;
}

export class Retry {
  readonly #parts: RetryParts;
  readonly #attempts: number;
  readonly #what: string;
  #lost = 0;
  #turn: Turn | undefined;

  /** `what` is named by the error: `update of 'ada' in 'users'`. */
  constructor(parts: RetryParts, attempts: number, what: string) {
    if (!Number.isSafeInteger(attempts) || attempts < 1) {
      throw new HoldfastError('invalid_argument', `attempts must be a positive integer`, {
        details: { attempts },
      });
    }
    this.#parts = parts;
    this.#attempts = attempts;
    this.#what = what;
  }

  /** Resolves when it makes sense to try again. Throws `contended` after the last attempt. */
  async after(conflict: Conflict): Promise<void> {
    this.#lost += 1;
    const check = conflict.failures[0]?.check;
    if (this.#lost >= this.#attempts) {
      const text = `${this.#what} lost to other writers in ${this.#lost} attempts`;
      throw new HoldfastError('contended', text, {
        details: { attempts: this.#lost, check: check && plain(check) },
      });
    }
    const address = check === undefined ? '' : addressOf(check);
    if (this.#turn?.address !== address) {
      this.release();
      this.#turn = await this.#parts.turnstile.enter(address);
    }
    // The first loss is to this process more often than not, and the turn has dealt with that.
    if (this.#lost > 1) await this.#wait();
  }

  /** To be called in the end, whatever the end was. */
  release(): void {
    this.#turn?.release();
    this.#turn = undefined;
  }

  #wait(): Promise<void> {
    const { clock, random } = this.#parts;
    const longest = Math.min(waitMaxMs, waitBaseMs * 2 ** (this.#lost - 1));
    return clock.sleep(Math.ceil(longest * random.float()));
  }
}

function addressOf(check: Check): string {
  if (check.kind === 'unchanged') return check.scope;
  return check.kind === 'epoch' ? check.resource : `${check.scope}\0${check.key}`;
}

function plain(check: Check): Record<string, unknown> {
  if (check.kind === 'unchanged') return { kind: check.kind, scope: check.scope };
  if (check.kind === 'epoch') return { kind: check.kind, resource: check.resource };
  return { kind: check.kind, scope: check.scope, key: check.key };
}
