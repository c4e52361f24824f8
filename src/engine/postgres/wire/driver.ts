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

/** Throws `unsupported` if the package is not installed. */
export async function loadDriver(settings: Settings): Promise<() => Client> {
  let driver: typeof Pg;
  try {
    driver = await import('pg');
  } catch (error) {
    const message = `postgres: needs the package 'pg': npm install pg@8`;
    throw new HoldfastError('unsupported', message, { cause: error });
  }
  return () =>
    new driver.Client({
      connectionString: settings.connectionString,
      application_name: applicationName(settings.schema),
      connectionTimeoutMillis: settings.timeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      pipeline: true,
      types,
    });
}
