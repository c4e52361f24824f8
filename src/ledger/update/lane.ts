/**
 * One key's queue of functions, which runs in rounds while anybody waits.
 *
 * A round: read the entry (or remember what the last round left), run the functions that wait, send
 * their chain, tell the callers, and put those who lost in front of the queue again.
 */
import type { Ref } from '../../engine/index.ts';
import { HoldfastError, isHoldfastError } from '../../errors/index.ts';
import type { Clock } from '../../internal/clock.ts';
import type { Random } from '../../internal/random.ts';
import { tuning } from '../group/tuning.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import type { CommitAnswer } from '../proposal.ts';
import { finish, proposalOf, stepOf } from './step.ts';
import type { Standing, Step, Waiting } from './step.ts';

const attemptsDefault = 20;
/** The first loss is made up for at once; the waits after further ones double up to a limit. */
const backoffMs = 2;
const backoffMaxMs = 200;

type Outcome =
  | { readonly kind: 'answered'; readonly answer: CommitAnswer }
  | { readonly kind: 'failed'; readonly error: unknown };

export class Lane {
  readonly #ref: Ref;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #onIdle: () => void;
  #queue: Waiting[] = [];
  #running = false;
  /** Rounds in a row that lost to other writers. */
  #lost = 0;
  /** What the last round left, if nobody else has written since as far as is known. */
  #remembered: Standing | undefined;

  constructor(ref: Ref, ledger: Ledger, clock: Clock, random: Random, onIdle: () => void) {
    this.#ref = ref;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#random = random;
    this.#onIdle = onIdle;
  }

  add(waiting: Waiting): void {
    this.#queue.push(waiting);
    if (this.#running) return;
    this.#running = true;
    // Whoever asks in the same turn joins the first chain.
    queueMicrotask(() => void this.#run());
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      try {
        await this.#round();
      } catch (error) {
        for (const waiting of this.#queue.splice(0)) waiting.reject(error);
      }
      // Who was answered just now may ask again, and spare the next chain its read.
      if (this.#queue.length === 0) await new Promise<void>((soon) => this.#clock.soon(soon));
    }
    this.#running = false;
    this.#onIdle();
  }

  async #round(): Promise<void> {
    if (this.#lost > 1) await this.#clock.sleep(this.#backoff());
    const fresh = this.#remembered === undefined;
    const standing = this.#remembered ?? (await this.#read());
    const steps = this.#chain(standing);
    const outcomes = await Promise.all(steps.map((step) => this.#submit(step)));
    this.#settle(steps, outcomes, fresh);
  }

  async #read(): Promise<Standing> {
    const [entry] = await this.#ledger.read([this.#ref]);
    if (entry === undefined) return { value: undefined, version: 0, schema: 0 };
    const { value, version, schema } = entry;
    return { value, version, schema };
  }

  /** Runs the functions that wait now, as many as one group takes. */
  #chain(start: Standing): Step[] {
    const steps: Step[] = [];
    let standing = start;
    let bytes = 0;
    while (steps.length < tuning.groupShare && bytes < tuning.groupBytes) {
      const waiting = this.#queue.shift();
      if (waiting === undefined) break;
      const step = stepOf(this.#ref, waiting, standing);
      bytes += (step.before.value?.size ?? 0) + (step.after.value?.size ?? 0);
      standing = step.after;
      steps.push(step);
      // A follower would send all of it along to be compared; the next chain checks its version.
      if ((standing.value?.size ?? 0) > limits.valueBytesDefault) break;
    }
    return steps;
  }

  async #submit(step: Step): Promise<Outcome> {
    try {
      const answer = await this.#ledger.commit(proposalOf(this.#ref, step));
      return { kind: 'answered', answer };
    } catch (error) {
      return { kind: 'failed', error };
    }
  }

  /** `fresh`: the chain began with what was read for it, so that losing means a rival. */
  #settle(steps: readonly Step[], outcomes: readonly Outcome[], fresh: boolean): void {
    const losers: Waiting[] = [];
    let version = steps[0]?.before.version;
    let rivalled = false;
    let broken = false;
    for (const [index, step] of steps.entries()) {
      const outcome = outcomes[index];
      if (outcome?.kind === 'answered' && outcome.answer.kind === 'committed') {
        const written = outcome.answer.results[0]?.version;
        // Only a write can be sure of its value while nobody knows who wrote the one before it.
        if (written === undefined && version === undefined) losers.push(step.waiting);
        else version = finish(step, outcome.answer.position, written ?? version ?? 0);
        continue;
      }
      version = undefined;
      if (outcome?.kind === 'failed' && !(broken && blamesCheck(outcome.error))) {
        broken = true;
        step.waiting.reject(outcome.error);
        continue;
      }
      rivalled ||= !broken;
      if (!broken && fresh) step.waiting.losses += 1;
      losers.push(step.waiting);
    }
    this.#queue = [...losers.filter((loser) => this.#mayRetry(loser)), ...this.#queue];
    const last = steps.at(-1)?.after;
    const known = last !== undefined && version !== undefined;
    this.#remembered = known && losers.length === 0 ? { ...last, version } : undefined;
    if (fresh || !rivalled) this.#lost = rivalled ? this.#lost + 1 : 0;
  }

  #mayRetry({ losses, options, reject }: Waiting): boolean {
    const attempts = options.attempts ?? attemptsDefault;
    if (losses < attempts) return true;
    const { scope, key } = this.#ref;
    const message = `'${key}' in '${scope}' was written by others in each of ${attempts} attempts`;
    reject(new HoldfastError('contended', message, { details: { scope, key, attempts } }));
    return false;
  }

  #backoff(): number {
    const longest = Math.min(backoffMs * 2 ** (this.#lost - 2), backoffMaxMs);
    return Math.ceil(longest * this.#random.float());
  }
}

/** A check that compares with a refused value may be refused for its size, too. */
function blamesCheck(error: unknown): boolean {
  return isHoldfastError(error, 'limit_exceeded');
}
