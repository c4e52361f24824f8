/** What a new config changes of a running server: what takes effect at once, and what cannot. */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from './schema.ts';

export interface ConfigChanges {
  /** Keys whose change holds from now on. */
  readonly applied: readonly string[];
  /** Keys whose change waits for a restart. */
  readonly waiting: readonly string[];
}

/** Keys, or beginnings of keys, that can be changed while a server runs. */
const reloadable = ['apps', 'defaults', 'store.retention', 'server.log'];

/**
 * The keys that differ, down to three levels: `store.flushMs`, `apps.shop.quota`. Changes nothing:
 * `Store.setRules` with `storeRules` puts the first kind into effect.
 *
 * @example
 * import { changesBetween, parseConfig } from 'holdfast/config';
 *
 * const before = parseConfig('store: { url: "memory:" }');
 * const after = parseConfig(`
 *   store: { url: "memory:", flushMs: 20 }
 *   apps: { shop: { quota: { entries: 1000 } } }
 * `);
 * const changes = changesBetween(before, after);
 * changes; // => { applied: ['apps.shop.quota'], waiting: ['store.flushMs'] }
 */
export function changesBetween(before: Config, after: Config): ConfigChanges {
  const changed = changedKeys(before, after, '');
  const isApplied = (key: string): boolean =>
    reloadable.some((one) => key === one || key.startsWith(`${one}.`));
  return {
    applied: changed.filter(isApplied),
    waiting: changed.filter((key) => !isApplied(key)),
  };
}

function changedKeys(before: unknown, after: unknown, name: string): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  const [a, b] = [membersOf(before), membersOf(after)];
  // Below three levels a key says less than what holds it.
  if (a === undefined || b === undefined || name.split('.').length >= 3) return [name];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].flatMap((key) => {
    return changedKeys(a[key], b[key], name === '' ? key : `${name}.${key}`);
  });
}

function membersOf(value: unknown): Record<string, unknown> | undefined {
  if (value === undefined) return {};
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : undefined;
}
