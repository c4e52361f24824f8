/** The triggers of a config file, running in this process. */
import { isDeepStrictEqual } from 'node:util';
import { triggerSettings } from '../config/index.ts';
import type { Config, TriggerSettings } from '../config/index.ts';
import type { TriggerHandler, TriggerOptions } from '../layers/triggers/index.ts';
import { webhook } from './webhook.ts';

/** A store, as far as it is needed. */
export interface TriggerHost {
  app(name: string): {
    trigger(name: string, options: TriggerOptions, handler: TriggerHandler): Promise<Running>;
  };
}

interface Running {
  stop(): Promise<void>;
}

export interface ConfiguredTriggersOptions {
  /** Told of every attempt that failed; it is tried again. No values and no secrets are in it. */
  readonly onError?: ((error: unknown, at: { app: string; trigger: string }) => void) | undefined;
}

/**
 * Runs what a config file names, and follows the file when it changes: a trigger that is no longer
 * in it, or is another, stops here. What the store knows of it stays.
 */
export class ConfiguredTriggers implements AsyncDisposable {
  readonly #store: TriggerHost;
  readonly #options: ConfiguredTriggersOptions;
  readonly #running = new Map<string, { settings: TriggerSettings; trigger: Running }>();

  constructor(store: TriggerHost, options: ConfiguredTriggersOptions = {}) {
    this.#store = store;
    this.#options = options;
  }

  /**
   * Resolves once every trigger is known to the store: from then on no matching change is missed.
   * Throws for one that cannot be started; those before it run. What did not change runs on.
   *
   * @example
   * import { parseConfig } from 'holdfast/config';
   * import { ConfiguredTriggers } from 'holdfast/webhooks';
   *
   * const secret = `whsec_${'A'.repeat(32)}`;
   * const config = parseConfig(`
   *   store: { url: "memory:" }
   *   apps:
   *     shop:
   *       triggers:
   *         mail: { scope: orders, webhook: { url: 'https://hooks.example', secret: ${secret} } }
   * `);
   * await using triggers = new ConfiguredTriggers(store);
   * await triggers.apply(config);
   * const known = await store.app('shop').triggers.list();
   * known.map(({ name }) => name); // => ['mail']
   */
  async apply(config: Config): Promise<void> {
    const wanted = new Map(triggerSettings(config).map((one) => [`${one.app}/${one.name}`, one]));
    for (const [id, { settings, trigger }] of this.#running) {
      if (isDeepStrictEqual(settings, wanted.get(id))) continue;
      this.#running.delete(id);
      await trigger.stop();
    }
    for (const [id, settings] of wanted) {
      if (this.#running.has(id)) continue;
      this.#running.set(id, { settings, trigger: await this.#start(settings) });
    }
  }

  /**
   * Stops them all, after what they are at. What they miss then they handle when they run again.
   *
   * @example
   * import { parseConfig } from 'holdfast/config';
   * import { ConfiguredTriggers } from 'holdfast/webhooks';
   *
   * const triggers = new ConfiguredTriggers(store);
   * await triggers.apply(parseConfig('store: { url: "memory:" }'));
   * await triggers.close();
   */
  async close(): Promise<void> {
    const running = [...this.#running.values()];
    this.#running.clear();
    await Promise.all(running.map(({ trigger }) => trigger.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #start({ app, name, options, webhook: hook }: TriggerSettings): Promise<Running> {
    const onError = (error: unknown): void =>
      this.#options.onError?.(error, { app, trigger: name });
    return this.#store.app(app).trigger(name, { ...options, onError }, webhook(hook));
  }
}
