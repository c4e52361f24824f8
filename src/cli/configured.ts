/**
 * A store that a config file names, as a command works with it: the file's rules hold, and its
 * engine and settings are used.
 */
import type { Config } from '../config/index.ts';
import type { Ledgers } from '../ledger/index.ts';

/** More than any log reaches back: what a guest in the store keeps of it. */
const ever = Number.MAX_SAFE_INTEGER;

export interface ConfiguredAccess {
  readonly mustExist: boolean;
  readonly readOnly: boolean;
  readonly cacheBytes: number;
  readonly busyTimeoutMs: number;
}

export async function openConfigured(config: Config, access: ConfiguredAccess): Promise<Ledgers> {
  const { openConfig } = await import('../store/index.ts');
  const { mustExist, readOnly, busyTimeoutMs } = config.store;
  const store = await openConfig(withoutRetention(config), {
    cacheBytes: access.cacheBytes,
    busyTimeoutMs: busyTimeoutMs ?? access.busyTimeoutMs,
    mustExist: access.mustExist || mustExist === true,
    readOnly: access.readOnly || readOnly === true,
    sweepMs: 0,
    retention: { ms: ever, bytes: ever, hardBytes: ever },
  });
  return store.source as Ledgers;
}

/** How long the log is kept is for the program that owns the store to say, and to do. */
function withoutRetention({ apps = {}, defaults, ...config }: Config): Config {
  const named = Object.entries(apps).map(([name, app]) => [name, { ...app, retention: undefined }]);
  return {
    ...config,
    apps: Object.fromEntries(named) as NonNullable<Config['apps']>,
    defaults: { ...defaults, retention: undefined },
  };
}
