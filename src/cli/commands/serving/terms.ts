/** What `serve` was asked for: the config file where one is named, and flags, which win over it. */
import { serverSettings } from '../../../config/index.ts';
import type { Config, ServerSettings } from '../../../config/index.ts';
import type { Context } from '../../context.ts';
import { usageError } from '../../failure.ts';
import { isServerUrl } from '../../store.ts';

export interface ServeCommandOptions {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly socket?: string | undefined;
  readonly workers?: number | undefined;
  readonly auth?: 'tokens' | 'open' | undefined;
  readonly origin?: readonly string[] | undefined;
  readonly hostname?: readonly string[] | undefined;
  readonly log?: ServerSettings['logLevel'] | undefined;
  /** False with `--no-mcp`. */
  readonly mcp: boolean;
  /** False with `--no-sessions`. */
  readonly sessions: boolean;
}

export interface ServingTerms {
  readonly config: Config;
  /** What the config was read from, if it was. */
  readonly file: string | undefined;
  readonly url: string;
  readonly settings: ServerSettings;
}

/** Throws a usage error for what does not go together. */
export async function servingTerms(
  context: Context,
  flags: ServeCommandOptions,
): Promise<ServingTerms> {
  const { url, config = { store: { url } } } = await context.place();
  const { config: file } = context.options;
  if (isServerUrl(url)) throw usageError('a server cannot serve what another server serves');
  const settings = withFlags(serverSettings(config), flags);
  if (settings.workers === 1) return { config, file, url, settings };
  if (url.startsWith('memory:')) {
    throw usageError('a store in memory belongs to one process; leave the workers out');
  }
  if (config.server?.sessions !== undefined && settings.sessions !== false) {
    throw usageError('sessions belong to one process; leave the workers out, or server.sessions');
  }
  return { config, file, url, settings: ofOneOfSeveral(settings) };
}

function withFlags(settings: ServerSettings, flags: ServeCommandOptions): ServerSettings {
  const { host, port, socket: socketPath, auth, origin: origins, hostname: hosts } = flags;
  const given = { host, port, socketPath, auth, origins, hosts };
  const named = Object.entries(given).filter(([, value]) => value !== undefined);
  return {
    options: {
      ...settings.options,
      ...Object.fromEntries(named),
      ...(!flags.mcp && { mcp: false }),
    },
    sessions: flags.sessions && settings.sessions,
    workers: flags.workers ?? settings.workers,
    logLevel: flags.log ?? settings.logLevel,
  };
}

/** Without what a client would have to find in the very process that it spoke to before. */
function ofOneOfSeveral(settings: ServerSettings): ServerSettings {
  const { mcp = {}, ...options } = settings.options;
  const shared = mcp && { ...mcp, sessionsMax: 0 };
  return { ...settings, options: { ...options, mcp: shared }, sessions: false };
}
