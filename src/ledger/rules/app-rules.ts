/**
 * What an app is held to, whoever writes to it and by whatever door: quotas, and for single scopes
 * a default time to live and a judge of values.
 *
 * The rules are the store's, not the data's: they are not stored, and every process that writes
 * should be given the same.
 */
import type { Quota } from './quota.ts';
import type { Retention } from '../upkeep/trim.ts';

/** Where in a value something is wrong, and what. */
export interface ValueFault {
  readonly path: string;
  readonly message: string;
}

export interface ScopeRule {
  readonly quota?: Quota | undefined;
  /** For what is written without a time to live of its own. What lives on keeps what it has. */
  readonly ttlMs?: number | undefined;
  /**
   * Judges every JSON value that would be stored; bytes are refused. Pure and quick: it runs while
   * a group is decided, perhaps more than once.
   */
  check?(value: unknown): ValueFault | undefined;
}

export interface AppOptions {
  readonly quota?: Quota | undefined;
  /** By scope name. */
  readonly scopes?: Readonly<Record<string, ScopeRule>> | undefined;
  readonly retention?: Partial<Retention> | undefined;
}

/** The rules of a store's apps. */
export interface StoreRules {
  /** Default: 24 h, 256 MiB, hard cap 1 GiB. */
  readonly retention?: Partial<Retention> | undefined;
  /** Applied to every app that `apps` does not name. */
  readonly app?: AppOptions | undefined;
  readonly apps?: Readonly<Record<string, AppOptions>> | undefined;
}

/** An app's rules, with what was left out filled in. */
export interface AppRules {
  readonly quota: Quota | undefined;
  readonly retention: Retention;
  readonly scopes: ReadonlyMap<string, ScopeRule>;
}

const retentionDefault: Retention = {
  ms: 24 * 60 * 60 * 1000,
  bytes: 256 * 1024 * 1024,
  hardBytes: 1024 * 1024 * 1024,
};

export function rulesOf(name: string, { retention, app, apps = {} }: StoreRules): AppRules {
  // An app may be called `constructor`: only what was named counts.
  const own = (Object.hasOwn(apps, name) ? apps[name] : app) ?? {};
  return {
    quota: own.quota,
    retention: { ...retentionDefault, ...retention, ...own.retention },
    scopes: new Map(Object.entries(own.scopes ?? {})),
  };
}
