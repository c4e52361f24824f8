/** Where the driver comes in: `pg`, an optional peer, loaded by the first `postgres:` URL. */
import type * as Pg from 'pg';
import type { Client, CustomTypesConfig } from 'pg';
import { HoldfastError } from '../../../errors/index.ts';
import type { Settings } from './settings.ts';

/** Seen by the others in `pg_stat_activity`: whose transactions may be ended when they stall. */
export function applicationName(schema: string): string {
  return `holdfast:${schema}`.slice(0, 63);
}

const int8 = 20;
const int4 = 23;
const float8 = 701;
const bool = 16;
const bytea = 17;

/** Revisions and times fit into a number: the ledger never leaves the safe integers. */
const types: CustomTypesConfig = {
  getTypeParser: ((oid: number) => {
    if (oid === int8 || oid === int4 || oid === float8) return Number;
    if (oid === bool) return (text: string) => text === 't';
    if (oid === bytea) return bytesOf;
    return (text: string) => text;
  }) as CustomTypesConfig['getTypeParser'],
};

/** `\x` and hexadecimal digits. */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.slice(2), 'hex'));
}

/**
 * What a connection starts with, so that transactions need not say it:
 *
 * - plans that are made once, and by index. With values in sight, Postgres plans our arrays anew
 *   at each call, which costs more than a commit; and a plan that was made while a table was small
 *   would read all of it when it has grown;
 * - limits on waiting for a lock, and on idling with one.
 */
export function sessionSettings({ stallMs }: Settings): Readonly<Record<string, string | number>> {
  return {
    plan_cache_mode: 'force_generic_plan',
    enable_seqscan: 'off',
    jit: 'off',
    lock_timeout: stallMs,
    idle_in_transaction_session_timeout: stallMs,
  };
}

/** Makes a client, which starts with our settings unless it is to be plain. */
export type NewClient = (isPlain: boolean) => Client;

/** Throws `unsupported` if the package is not installed. */
export async function loadDriver(settings: Settings): Promise<NewClient> {
  let driver: typeof Pg;
  try {
    driver = await import('pg');
  } catch (error) {
    const message = `postgres: needs the package 'pg': npm install pg@8`;
    throw new HoldfastError('unsupported', message, { cause: error });
  }
  const own = Object.entries(sessionSettings(settings)).map(
    ([name, value]) => `-c ${name}=${value}`,
  );
  return (isPlain) =>
    new driver.Client({
      connectionString: settings.connectionString,
      options: isPlain ? settings.startOptions : [settings.startOptions, ...own].join(' ').trim(),
      application_name: applicationName(settings.schema),
      connectionTimeoutMillis: settings.timeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      pipeline: true,
      types,
    });
}
