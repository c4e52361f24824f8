/**
 * Opens `postgres://…`: a schema of a database that holds a store, made if it is missing.
 *
 * O1. Several processes may open the same new store at once (`schema.ts`).
 * O2. A schema that is not ours, or of a newer Holdfast, is left as it is; so is a server that
 *     cannot keep what a store promises (`server/facts.ts`).
 */
import type { EngineOptions } from '../registry.ts';
import { PostgresEngine } from './postgres-engine.ts';
import { ensureSchema } from './schema.ts';
import { examine } from './server/facts.ts';
import type { ServerFacts } from './server/facts.ts';
import { PostgresStore } from './store.ts';
import { loadDriver } from './wire/driver.ts';
import { explain } from './wire/failure.ts';
import { Pool } from './wire/pool.ts';
import { Session } from './wire/session.ts';
import type { SessionParts } from './wire/session.ts';
import { settingsOf } from './wire/settings.ts';
import { preparer } from './wire/statement.ts';
import type { Prepare } from './wire/statement.ts';

/** Connections of the pool that are kept for reads, however many commits wait. */
function readersOf(poolSize: number): number {
  return poolSize < 5 ? 1 : 2;
}

export async function openPostgresEngine(
  url: string,
  options: EngineOptions,
): Promise<PostgresEngine> {
  const settings = settingsOf(url, options);
  const newClient = await loadDriver(settings);
  const parts: SessionParts = { settings, newClient };
  const prepare = preparer(settings.schema);
  const readers = readersOf(settings.poolSize);
  const reading = new Pool(parts, readers);
  const writing = new Pool(parts, settings.poolSize - readers);
  const facts = await begin(parts, prepare, options);
  const store = new PostgresStore({ settings, options, facts, prepare, writing, reading });
  return new PostgresEngine(store, parts);
}

/** Looks at the server and makes the schema, on a connection of its own. */
async function begin(
  parts: SessionParts,
  prepare: Prepare,
  options: EngineOptions,
): Promise<ServerFacts> {
  const { settings } = parts;
  try {
    const session = await Session.connect(parts);
    try {
      const facts = await examine(session, prepare, settings, options.readOnly);
      await ensureSchema(session, settings, prepare, options);
      return facts;
    } finally {
      await session.close();
    }
  } catch (error) {
    throw explain(error, settings.place);
  }
}
