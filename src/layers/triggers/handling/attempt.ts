/**
 * One attempt: the condition, the handler, its time limit. Nothing is written here.
 *
 * A1. A handler that answers at once costs no turn of the event loop.
 * A2. After its time an attempt has failed, whatever the handler still does: its `tx` is closed.
 */
import { HoldfastError } from '../../../errors/index.ts';
import type { Cause } from '../../../ledger/index.ts';
import { Transaction } from '../../scopes/index.ts';
import type { TriggerEvent } from '../trigger-event.ts';
import type { TriggerWork } from '../trigger-options.ts';
import { causeOf } from '../running/setting.ts';
import type { Setting } from '../running/setting.ts';

export type Outcome =
  | { readonly kind: 'handled'; readonly work: Work }
  | { readonly kind: 'skipped' }
  | { readonly kind: 'failed'; readonly error: unknown };

const skipped = { kind: 'skipped' } as const;

export class Work implements TriggerWork {
  readonly #setting: Setting;
  readonly #event: TriggerEvent;
  #tx: Transaction | undefined;
  #abort: AbortController | undefined;
  #reason: unknown;
  #isAborted = false;

  constructor(setting: Setting, event: TriggerEvent) {
    this.#setting = setting;
    this.#event = event;
  }

  get tx(): Transaction {
    this.#tx ??= new Transaction(this.#setting.host);
    if (this.#isAborted) this.#tx.end();
    return this.#tx;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#isAborted) this.#abort.abort(this.#reason);
    return this.#abort.signal;
  }

  get cause(): Cause {
    return causeOf(this.#setting.name, this.#event);
  }

  /** What the handler wrote through `tx`; undefined if nothing. Throws what refused a write. */
  get staged(): Transaction | undefined {
    return this.#tx;
  }

  abort(reason: unknown): void {
    this.#isAborted = true;
    this.#reason = reason;
    this.#tx?.end();
    this.#abort?.abort(reason);
  }
}

/** `running` holds whoever is to be aborted when the shard is lost. */
export function attempt(
  setting: Setting,
  event: TriggerEvent,
  running: Set<Work>,
): Outcome | Promise<Outcome> {
  const { when, handler } = setting.plan;
  const work = new Work(setting, event);
  try {
    const verdict = when === undefined || when(event);
    if (verdict instanceof Promise) {
      return timed(setting, work, running, async () => {
        return (await verdict) ? handled(work, await handler(event, work)) : skipped;
      });
    }
    if (!verdict) return skipped;
    const answer = handler(event, work);
    if (isPromise(answer)) {
      return timed(setting, work, running, async () => handled(work, await answer));
    }
    if (work.staged === undefined) return { kind: 'handled', work };
    return timed(setting, work, running, () => handled(work, undefined));
  } catch (error) {
    work.abort(error);
    return { kind: 'failed', error };
  }
}

async function handled(work: Work, _answer: unknown): Promise<Outcome> {
  await work.staged?.settle();
  return { kind: 'handled', work };
}

async function timed(
  { plan, host, name }: Setting,
  work: Work,
  running: Set<Work>,
  run: () => Promise<Outcome>,
): Promise<Outcome> {
  running.add(work);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = host.clock.after(plan.timeoutMs, () => {
    const text = `a handler of trigger '${name}' took longer than ${plan.timeoutMs} ms`;
    reject(new HoldfastError('timeout', text, { details: { trigger: name } }));
  });
  try {
    return await Promise.race([run(), late]);
  } catch (error) {
    work.abort(error);
    return { kind: 'failed', error };
  } finally {
    timer.cancel();
    running.delete(work);
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}
