/**
 * Which engine serves which URL scheme. Public: a team can bring its own and prove it with
 * `engineContract` from `holdfast/testing`.
 */
import { HoldfastError } from '../errors/index.ts';
import type { Clock } from '../internal/clock.ts';
import type { Random } from '../internal/random.ts';
import type { Engine } from './engine.ts';

/** What every engine is opened with, beside its own options. */
export interface EngineOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Bytes of entries kept in memory for reads; an engine may need less. */
  readonly cacheBytes: number;
  /** Longest wait for a store that others hold, before `busy`. */
  readonly busyTimeoutMs: number;
  /** Fail with `store_missing` rather than create. */
  readonly mustExist: boolean;
  readonly readOnly: boolean;
  /** Where a database server keeps the store. */
  readonly schema?: string | undefined;
  /** Connections to a database server at most. */
  readonly poolSize?: number | undefined;
}

export type EngineFactory = (url: string, options: EngineOptions) => Promise<Engine>;

const factories = new Map<string, EngineFactory>();

/**
 * Makes `open('scheme:…')` use `factory`. A scheme is letters, digits, `+`, `-`, `.`; the last
 * registration wins.
 *
 * @example
 * registerEngine('mine', (url) => Promise.reject(new Error(`${url} is not written yet`)));
 * const failed: unknown = await open('mine:there').catch((error: unknown) => error);
 * failed; // => { message: 'mine:there is not written yet' }
 */
export function registerEngine(scheme: string, factory: EngineFactory): void {
  if (!/^[a-z][a-z0-9+.-]*$/.test(scheme)) {
    throw new HoldfastError('invalid_argument', `'${scheme}' is no URL scheme`, {
      details: { scheme },
    });
  }
  factories.set(scheme, factory);
}

/** Opens the engine of `url`'s scheme. Throws `unsupported` with the schemes that are known. */
export async function openEngine(url: string, options: EngineOptions): Promise<Engine> {
  const scheme = /^([a-z][a-z0-9+.-]*):/.exec(url)?.[1];
  const factory = scheme === undefined ? undefined : factories.get(scheme);
  if (factory === undefined) {
    const known = [...factories.keys()].sort().map((name) => `${name}:`);
    throw new HoldfastError('unsupported', `no engine serves '${url}'; known: ${known.join(' ')}`, {
      details: { known },
    });
  }
  return factory(url, options);
}
