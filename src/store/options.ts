/**
 * What a store is opened with. The table of keys is the one that unknown names are judged by.
 *
 * Sizes are bytes and times are milliseconds, as their names say.
 */
import type { ClientOptions } from '../client/index.ts';
import type { EngineDurability } from '../engine/index.ts';
import { HoldfastError } from '../errors/index.ts';
import { systemClock } from '../internal/clock.ts';
import { systemRandom } from '../internal/random.ts';
import { limits } from '../ledger/index.ts';
import type { ScopeRule } from '../ledger/index.ts';
import type { QuotaOptions } from '../layers/scopes/index.ts';
import { nearestName } from '../internal/nearest-name.ts';

export interface RetentionOptions {
  /** The log is kept this long. Default 24 h. */
  readonly ms?: number | undefined;
  /** And up to this size. Default 256 MiB. */
  readonly bytes?: number | undefined;
  /** Pins may hold it up to this size. Default 1 GiB. */
  readonly hardBytes?: number | undefined;
}

export interface AppStoreOptions {
  readonly quota?: QuotaOptions | undefined;
  /** What single scopes are held to, by name, whoever writes to them. */
  readonly scopes?: Readonly<Record<string, ScopeRule>> | undefined;
  readonly retention?: RetentionOptions | undefined;
}

export interface QuotaAlert {
  readonly app: string;
  /** Left out if the whole app is meant. */
  readonly scope?: string | undefined;
  readonly unit: 'entries' | 'bytes';
  readonly used: number;
  readonly limit: number;
}

/** Of the engine, where the URL is that of a store; of the client, where it is a server's. */
export interface OpenOptions extends ClientOptions {
  /** Memory for entries that are read often. Default 64 MiB; an engine may need less. */
  readonly cacheBytes?: number | undefined;
  /** How long a `relaxed` commit may wait to become durable. Default 100. */
  readonly flushMs?: number | undefined;
  /** How much every app may hold that `apps` does not name. Default: no limit. */
  readonly quota?: QuotaOptions | undefined;
  /** What single scopes of those apps are held to, by name, whoever writes to them. */
  readonly scopes?: Readonly<Record<string, ScopeRule>> | undefined;
  readonly retention?: RetentionOptions | undefined;
  /** Options of single apps, by name; they take the place of the store's. */
  readonly apps?: Readonly<Record<string, AppStoreOptions>> | undefined;
  /** Default 1 MiB, at most 64 MiB. */
  readonly maxValueBytes?: number | undefined;
  /** The weakest durability to accept: `open` throws `durability_unavailable` below it. */
  readonly durability?: EngineDurability | undefined;
  /** Longest wait for a store that other processes hold. Default 10,000. */
  readonly busyTimeoutMs?: number | undefined;
  /** The schema of a database that holds the store. Default `holdfast`. Only `postgres:`. */
  readonly schema?: string | undefined;
  /** Connections to a database server at most. Default 10. Only `postgres:`. */
  readonly poolSize?: number | undefined;
  /** Throw `store_missing` rather than create a store. */
  readonly mustExist?: boolean | undefined;
  readonly readOnly?: boolean | undefined;
  /** How often the dead are swept and the log is trimmed. Default 250; 0 leaves it to others. */
  readonly sweepMs?: number | undefined;
  /** How long a lost answer is looked into before `outcome_unknown`. Default 10,000. */
  readonly resolveTimeoutMs?: number | undefined;
  /** Called when an app passes 80% of its quota. */
  readonly onQuotaWarning?: ((alert: QuotaAlert) => void) | undefined;
  /** Called with failures of background work, which is tried again. */
  readonly onBackgroundError?: ((error: unknown) => void) | undefined;
}

export interface OpenConfig extends OpenOptions {
  readonly url: string;
}

export const durabilities: readonly EngineDurability[] = ['none', 'process', 'disk', 'replicated'];

const quotaKeys = { entries: amount, bytes: amount };
const retentionKeys = { ms: amount, bytes: amount, hardBytes: amount };
const appKeys = {
  quota: group(quotaKeys),
  scopes: byName(group({ quota: group(quotaKeys), ttlMs, check: kind('function') })),
  retention: group(retentionKeys),
};
const clientKeys = {
  token: kind('string'),
  timeoutMs: amount,
  connectTimeoutMs: amount,
  backoffMs: amount,
  watchWindow: amount,
  extensions: kind('object'),
  signal: kind('object'),
  onConnection: kind('function'),
  memberTtlMs: amount,
  openSocket: kind('function'),
  clock: kind('object'),
  random: kind('object'),
} satisfies Record<keyof ClientOptions, Rule>;
/** What a client is given and an embedded store too. */
const sharedKeys: ReadonlySet<string> = new Set(['clock', 'random', 'memberTtlMs']);
const openKeys = {
  ...clientKeys,
  ...appKeys,
  apps: byName(group(appKeys)),
  cacheBytes: amount,
  flushMs: amount,
  maxValueBytes,
  durability,
  busyTimeoutMs: amount,
  schema: kind('string'),
  poolSize: amount,
  mustExist: kind('boolean'),
  readOnly: kind('boolean'),
  sweepMs: amount,
  resolveTimeoutMs: amount,
  onQuotaWarning: kind('function'),
  onBackgroundError: kind('function'),
} satisfies Record<keyof OpenOptions, Rule>;

/** Judges one option; `name` is its full name: `apps.shop.quota`. */
type Rule = (value: unknown, name: string) => void;

/** Throws `invalid_argument` for an unknown name (with the nearest valid one) or a wrong value. */
export function checkOpenOptions(options: unknown): void {
  group(openKeys)(options, '');
}

/** Those of a client. Throws `invalid_argument` for one that is the server's to choose. */
export function clientOptionsOf({ durability: _, ...options }: OpenOptions): ClientOptions {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(clientKeys, name)) continue;
    const message = `option '${name}' is for the server to choose, not for its client`;
    throw new HoldfastError('invalid_argument', message, { details: { option: name } });
  }
  return options;
}

/** What was left out, filled in, as the engine wants it. Refuses those of a client. */
export function engineOptionsOf(options: OpenOptions) {
  for (const name of Object.keys(clientKeys)) {
    if (sharedKeys.has(name) || options[name as keyof ClientOptions] === undefined) continue;
    const message = `option '${name}' is for a server's URL: http://, https://, ws:// or wss://`;
    throw new HoldfastError('invalid_argument', message, { details: { option: name } });
  }
  return {
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    cacheBytes: options.cacheBytes ?? 64 * 1024 * 1024,
    busyTimeoutMs: options.busyTimeoutMs ?? 10_000,
    schema: options.schema,
    poolSize: options.poolSize,
    mustExist: options.mustExist ?? false,
    readOnly: options.readOnly ?? false,
  };
}

/** Without the members that are undefined, which would hide defaults. */
export function defined<T extends object>(options: T | undefined): DefinedPart<T> {
  const entries = Object.entries(options ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as DefinedPart<T>;
}

export type DefinedPart<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

function group(keys: Readonly<Record<string, Rule>>): Rule {
  return (value, name) => {
    if (value === undefined && name !== '') return;
    for (const [key, inner] of membersOf(value, name)) {
      const full = name === '' ? key : `${name}.${key}`;
      const rule = Object.hasOwn(keys, key) ? keys[key] : undefined;
      if (rule === undefined) throw unknownOption(full, key, Object.keys(keys));
      if (inner !== undefined) rule(inner, full);
    }
  };
}

function byName(rule: Rule): Rule {
  return (value, name) => {
    for (const [key, inner] of membersOf(value, name)) rule(inner, `${name}.${key}`);
  };
}

function membersOf(value: unknown, name: string): [string, unknown][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value);
  }
  throw wrongValue(name === '' ? 'the options' : `option '${name}'`, 'an object', value);
}

function amount(value: unknown, name: string): void {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return;
  throw wrongValue(`option '${name}'`, 'a whole number, 0 or more', value);
}

function ttlMs(value: unknown, name: string): void {
  if (Number.isSafeInteger(value) && (value as number) >= 1) return;
  throw wrongValue(`option '${name}'`, 'a whole number, 1 or more', value);
}

function maxValueBytes(value: unknown, name: string): void {
  amount(value, name);
  const most = limits.valueBytesMax;
  if ((value as number) < 1 || (value as number) > most) {
    throw wrongValue(`option '${name}'`, `from 1 to ${most}`, value);
  }
}

function durability(value: unknown, name: string): void {
  if (durabilities.includes(value as EngineDurability)) return;
  throw wrongValue(`option '${name}'`, `one of ${durabilities.join(', ')}`, value);
}

function kind(expected: 'boolean' | 'function' | 'object' | 'string'): Rule {
  return (value, name) => {
    if (typeof value === expected && value !== null) return;
    throw wrongValue(`option '${name}'`, `a ${expected}`, value);
  };
}

function unknownOption(full: string, key: string, known: readonly string[]): HoldfastError {
  const nearest = nearestName(key, known);
  const hint = nearest === undefined ? `known: ${known.join(', ')}` : `did you mean '${nearest}'?`;
  return new HoldfastError('invalid_argument', `there is no option '${full}'; ${hint}`, {
    details: { option: full, nearest: nearest ?? null },
  });
}

function wrongValue(what: string, expected: string, value: unknown): HoldfastError {
  const isPlain = typeof value === 'string' || typeof value === 'number';
  const shown = isPlain || value == null ? `${value}` : `a ${typeof value}`;
  return new HoldfastError('invalid_argument', `${what} must be ${expected}, not ${shown}`);
}
