/**
 * All triggers of one app: those that this process runs, and what the store knows of the others.
 */
import { HoldfastError } from '../../errors/index.ts';
import { Patience } from '../../internal/patience.ts';
import { checkKey, checkKeyBound, checkScope, limits } from '../../ledger/index.ts';
import type { Membership, Ref } from '../../ledger/index.ts';
import type { ScopeHost } from '../scopes/index.ts';
import { DeadLetters } from './dead-letters.ts';
import { matchesJson, unknownMember } from './match.ts';
import { Gate } from './handling/gate.ts';
import { Room } from './handling/room.ts';
import type { Plan, Setting } from './running/setting.ts';
import { Worker } from './running/worker.ts';
import { Trigger } from './trigger.ts';
import type { TriggerEvent } from './trigger-event.ts';
import type {
  TriggerCondition,
  TriggerFilter,
  TriggerHandler,
  TriggerOptions,
  TriggerStatus,
} from './trigger-options.ts';
import { triggerNames } from './stored-keys.ts';
import { TriggerRecords } from './trigger-records.ts';

const triggerName = /^[A-Za-z0-9._-]{1,64}$/;
const kindNames = new Set(['created', 'updated', 'deleted', 'expired']);
const day = 24 * 60 * 60 * 1000;

export class Triggers {
  readonly #host: ScopeHost;
  readonly #running = new Map<string, Promise<Trigger>>();
  readonly #membership: () => Membership;
  #isClosed = false;

  /** `membership` is that of the process, asked for once a trigger runs here. */
  constructor(host: ScopeHost, membership: () => Membership) {
    this.#host = host;
    this.#membership = membership;
  }

  /**
   * Resolves once the trigger is known to the store: no matching change after that is missed.
   *
   * @internal
   */
  async start<T>(
    name: string,
    options: TriggerOptions<T>,
    handler: TriggerHandler<T>,
  ): Promise<Trigger> {
    checkName(name);
    const plan = planOf(options as TriggerOptions, handler as TriggerHandler);
    if (this.#isClosed) throw new HoldfastError('closed', 'the store was closed');
    if (this.#running.has(name)) {
      throw invalid(`trigger '${name}' runs in this process already; stop it first`);
    }
    const starting = this.#start(name, plan, options.from ?? 'now');
    this.#running.set(name, starting);
    starting.catch(() => this.#running.delete(name));
    return starting;
  }

  /**
   * What the store knows of every trigger of the app.
   *
   * @example
   * const trigger = await app.trigger('sum', { scope: 'orders' }, () => undefined);
   * const found = await app.triggers.list();
   * found.map(({ name, workers }) => [name, workers]); // => [['sum', 1]]
   * await trigger.stop();
   */
  async list(): Promise<TriggerStatus[]> {
    const names = await triggerNames(this.#host.ledger);
    const found: TriggerStatus[] = [];
    for (const name of names) {
      const records = this.records(name);
      if ((await records.config()) !== undefined) found.push(await records.status());
    }
    return found;
  }

  /**
   * What the store knows of a trigger, whoever runs it. Throws `invalid_name`.
   *
   * @example
   * const trigger = await app.trigger('sum', { scope: 'orders' }, () => undefined);
   * await trigger.stop();
   * await app.triggers.records('sum').setPaused(true);
   * (await app.triggers.records('sum').status()).isPaused; // => true
   */
  records(name: string): TriggerRecords {
    checkName(name);
    return new TriggerRecords(this.#host.ledger, name);
  }

  /**
   * The events of a trigger that were given up, whoever runs it. Throws `invalid_name`.
   *
   * @example
   * (await app.triggers.deadLetters('sum').page()).letters; // => []
   */
  deadLetters(name: string): DeadLetters {
    checkName(name);
    return new DeadLetters(this.#host.ledger, name);
  }

  /** Takes an entry's values out of what triggers keep, and out of the log of that. @internal */
  async eraseValues(ref: Ref): Promise<void> {
    for (const name of await triggerNames(this.#host.ledger)) {
      await this.deadLetters(name).eraseValues(ref);
    }
  }

  /** Stops all that run here. @internal */
  async close(): Promise<void> {
    this.#isClosed = true;
    const started = await Promise.allSettled(this.#running.values());
    const running = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    await Promise.all(running.map((trigger) => trigger.stop()));
  }

  async #start(name: string, plan: Plan, from: NonNullable<TriggerOptions['from']>) {
    const host = this.#host;
    const { ledger, clock, random } = host;
    const records = new TriggerRecords(ledger, name);
    await records.register(plan.filter, from, plan.holdMs);
    const counters = { handled: 0, skipped: 0, failed: 0 };
    const stop = new AbortController();
    const setting: Setting = {
      name,
      host,
      ledger,
      plan,
      gate: new Gate(plan.concurrency),
      room: new Room(plan.parkedMax),
      patience: new Patience(clock, random),
      counters,
      signal: stop.signal,
    };
    const worker = new Worker(setting, records, this.#membership());
    await worker.start();
    return new Trigger({
      records,
      worker,
      counters,
      onStop: () => {
        stop.abort();
        this.#running.delete(name);
      },
    });
  }
}

function planOf(options: TriggerOptions, handler: TriggerHandler): Plan {
  if (typeof handler !== 'function') throw invalid('a trigger needs a handler: a function');
  const { retry = {}, onError } = options;
  return {
    filter: filterOf(options),
    when: conditionOf(options.when),
    handler,
    concurrency: count('concurrency', options.concurrency ?? 16, 1, 10_000),
    timeoutMs: count('timeoutMs', options.timeoutMs ?? 30_000, 1, day),
    retry: {
      attempts: count('retry.attempts', retry.attempts ?? 8, 1, 1000),
      firstMs: count('retry.firstMs', retry.firstMs ?? 1000, 0, 30 * day),
      longestMs: count('retry.longestMs', retry.longestMs ?? 300_000, 0, 30 * day),
    },
    parkedPerKey: count('parkedPerKey', options.parkedPerKey ?? 1000, 2, 10_000),
    parkedMax: count('parkedMax', options.parkedMax ?? 10_000, 1, 1_000_000),
    depthMax: count('depthMax', options.depthMax ?? 16, 1, 1000),
    holdMs: count('holdMs', options.holdMs ?? 7 * day, 1000, limits.ttlMsMax),
    onError(error, event) {
      try {
        onError?.(error, event);
      } catch {
        // Whoever listens badly must not stop the trigger.
      }
    },
  };
}

function filterOf({ scope, key, prefix, kinds }: TriggerFilter): TriggerFilter {
  if (scope !== undefined) {
    checkScope(scope);
    if (scope.startsWith('$')) throw invalid('a trigger listens to no scope of a layer');
  } else if (key !== undefined || prefix !== undefined) {
    throw invalid('a trigger on a key or a prefix needs a scope');
  }
  if (key !== undefined) checkKey(key);
  if (prefix !== undefined) checkKeyBound('prefix', prefix);
  if (key !== undefined && prefix !== undefined) {
    throw invalid('a trigger is on a key or on a prefix, not on both');
  }
  for (const kind of kinds ?? []) {
    if (!kindNames.has(kind)) throw invalid(`there is no kind of change '${kind}'`);
  }
  return { scope, key, prefix, kinds: kinds && [...kinds].sort() };
}

function conditionOf(
  when: TriggerCondition<unknown> | undefined,
): ((event: TriggerEvent) => boolean | Promise<boolean>) | undefined {
  if (when === undefined || typeof when === 'function') return when;
  const unknown = unknownMember(when);
  if (unknown !== undefined) throw invalid(`a condition has no member '${unknown}'`);
  return (event) => matchesJson(when, event);
}

function checkName(name: unknown): void {
  if (typeof name === 'string' && triggerName.test(name)) return;
  const text = `a trigger's name has 1 to 64 of A-Z a-z 0-9 . _ -`;
  throw new HoldfastError('invalid_name', text, { details: { kind: 'trigger' } });
}

function count(name: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw invalid(`${name} must be a whole number from ${least} to ${most}, not ${value}`);
}

function invalid(message: string): HoldfastError {
  return new HoldfastError('invalid_argument', message);
}
