/** What of a config goes to `open`, in its words. */
import { HoldfastError } from '../errors/index.ts';
import type { AppOptions, ScopeRule, StoreRules } from '../ledger/index.ts';
import type { AppConfig, Config, TriggerConfig } from './schema.ts';
import { judgeOf } from './value-schemas.ts';

type StoreConfig = Config['store'];

/** The options of `open`, and the module that brings the engine if one is named. */
export interface StoreSettings {
  readonly url: string;
  readonly engine: string | undefined;
  readonly options: Omit<StoreConfig, 'url' | 'backend' | 'path' | 'engine' | 'retention'> &
    AppsSettings;
}

/** One app's rules. */
export interface AppSettings extends Pick<AppOptions, 'quota' | 'scopes'> {
  readonly retention?: AppConfig['retention'];
}

/** Every app's: of those that are named, and of all others. */
export interface AppsSettings extends AppSettings {
  readonly apps?: Readonly<Record<string, AppSettings>>;
}

/**
 * What `open` is called with: a URL, whichever way the file says it, and options. `openConfig` does
 * both. Throws `invalid_config` without either a URL or a backend.
 *
 * @example
 * import { parseConfig, storeSettings } from 'holdfast/config';
 *
 * const config = parseConfig('store: { backend: memory, flushMs: 20 }');
 * const { url, options } = storeSettings(config);
 * url; // => 'memory:'
 * await using opened = await open(url, options);
 * await opened.scope('users').count(); // => 0
 */
export function storeSettings(config: Config): StoreSettings {
  const { url: given, backend, path, engine, ...options } = config.store;
  const url = given ?? urlOf(backend, path);
  return { url, engine, options: { ...options, ...appsSettings(config) } };
}

/**
 * The rules of apps: what may change while a store is open. A part of `storeSettings`.
 *
 * @example
 * import { appsSettings, parseConfig } from 'holdfast/config';
 *
 * const config = parseConfig(`
 *   store: { url: "memory:" }
 *   defaults: { quota: { entries: 100 } }
 *   apps: { shop: { quota: { entries: 1000 } } }
 * `);
 * const { quota, apps } = appsSettings(config);
 * quota; // => { entries: 100 }
 * apps; // => { shop: { quota: { entries: 1000 } } }
 */
export function appsSettings({ store, defaults = {}, apps = {} }: Config): AppsSettings {
  const { quota, scopes } = appOptions(defaults);
  const retention = { ...store.retention, ...defaults.retention };
  const named = Object.entries(apps).map(([name, app]) => [name, appOptions(app)] as const);
  return {
    retention,
    ...(quota && { quota }),
    ...(scopes && { scopes }),
    apps: Object.fromEntries(named),
  };
}

/**
 * The same, for `Store.setRules` of a store that is open.
 *
 * @example
 * import { parseConfig, storeRules } from 'holdfast/config';
 *
 * const config = parseConfig(`
 *   store: { url: "memory:" }
 *   apps: { shop: { quota: { entries: 1 } } }
 * `);
 * store.setRules(storeRules(config));
 * const users = store.app('shop').scope('users');
 * await users.set('ada', 1);
 * await users.set('bob', 1).catch(({ code }) => code); // => 'quota_exceeded'
 */
export function storeRules(config: Config): StoreRules {
  const { retention, quota, scopes, apps } = appsSettings(config);
  return {
    retention,
    app: { ...(quota && { quota }), ...(scopes && { scopes }) },
    apps,
  } as StoreRules;
}

/** A trigger of an app, and the webhook that handles it. */
export interface TriggerSettings {
  readonly app: string;
  readonly name: string;
  readonly options: Omit<TriggerConfig, 'webhook'>;
  readonly webhook: TriggerConfig['webhook'];
}

/**
 * The triggers that the file names, app by app. `ConfiguredTriggers` of `holdfast/webhooks` runs
 * them.
 *
 * @example
 * import { parseConfig, triggerSettings } from 'holdfast/config';
 *
 * const secret = `whsec_${'A'.repeat(32)}`;
 * const config = parseConfig(`
 *   store: { url: "memory:" }
 *   apps:
 *     shop:
 *       triggers:
 *         mail: { scope: orders, webhook: { url: 'https://hooks.example', secret: ${secret} } }
 * `);
 * const [trigger] = triggerSettings(config);
 * trigger; // => { app: 'shop', name: 'mail', options: { scope: 'orders' } }
 */
export function triggerSettings({ apps = {} }: Config): readonly TriggerSettings[] {
  return Object.entries(apps).flatMap(([app, { triggers = {} }]) =>
    Object.entries(triggers).map(([name, { webhook, ...options }]) => {
      return { app, name, options, webhook };
    }),
  );
}

type ServerConfig = NonNullable<Config['server']>;
type LimitName = keyof NonNullable<NonNullable<Config['auth']>['limits']>;

/** What of a config goes to `serve`, in its words; what a process makes of it is beside it. */
export interface ServerSettings {
  readonly options: Omit<ServerConfig, 'workers' | 'log' | 'mcp' | 'sessions'> & {
    readonly mcp?: Omit<NonNullable<ServerConfig['mcp']>, 'enabled'> | false;
    readonly auth?: 'tokens' | 'open' | undefined;
    readonly limits?: Readonly<Partial<Record<LimitName, number>>>;
  };
  /** Of a session host; false: there is none. */
  readonly sessions: Omit<NonNullable<ServerConfig['sessions']>, 'enabled'> | false;
  readonly workers: number;
  readonly logLevel: NonNullable<ServerConfig['log']>;
}

/**
 * What `serve` is called with, and what only a process can do of it: how many there are, and how
 * much they log.
 *
 * @example
 * import { parseConfig, serverSettings } from 'holdfast/config';
 * import { serve } from 'holdfast/server';
 *
 * const config = parseConfig(`
 *   store: { url: "memory:" }
 *   server: { port: 0, workers: 4, mcp: { enabled: false } }
 * `);
 * const { options, workers } = serverSettings(config);
 * options; // => { port: 0, mcp: false }
 * workers; // => 4
 * await using server = await serve(store, options);
 * server.auth; // => 'open'
 */
export function serverSettings({ server = {}, auth = {} }: Config): ServerSettings {
  const { workers = 1, log = 'info', mcp, sessions, ...options } = server;
  const { mode, limits } = auth;
  return {
    options: {
      ...options,
      ...(mcp && { mcp: enabledPart(mcp) }),
      ...(mode && { auth: mode }),
      ...(limits && { limits: defined(limits) }),
    },
    sessions: enabledPart(sessions ?? {}),
    workers,
    logLevel: log,
  };
}

function enabledPart<T extends { readonly enabled?: boolean | undefined }>(
  section: T,
): Omit<T, 'enabled'> | false {
  const { enabled = true, ...rest } = section;
  return enabled && rest;
}

/** Without the members that are undefined: those stand for a default. */
function defined(limits: { readonly [K in LimitName]?: number | undefined }) {
  const given = Object.entries(limits).filter(([, limit]) => limit !== undefined);
  return Object.fromEntries(given) as Partial<Record<LimitName, number>>;
}

function appOptions({ quota, retention, scopes }: AppConfig): AppSettings {
  const rules = Object.entries(scopes ?? {}).map(([name, scope]): [string, ScopeRule] => {
    const { schema, ttlMs, quota: own } = scope;
    const check = schema === undefined ? undefined : judgeOf(schema);
    return [name, { ...(own && { quota: own }), ...(ttlMs && { ttlMs }), ...(check && { check }) }];
  });
  return {
    ...(quota && { quota }),
    ...(retention && { retention }),
    ...(rules.length > 0 && { scopes: Object.fromEntries(rules) }),
  };
}

function urlOf(backend: StoreConfig['backend'], path: string | undefined): string {
  switch (backend) {
    case 'memory':
      return `memory:${path ?? ''}`;
    case 'postgres':
    case 'redis':
      return `${backend}://${path ?? '127.0.0.1'}`;
    case 'server':
      return `http://${path ?? '127.0.0.1:7420'}`;
    case 'sqlite':
      return `file:${path ?? './holdfast.db'}`;
    case undefined:
      throw new HoldfastError('invalid_config', 'store needs a url, or a backend');
  }
}
