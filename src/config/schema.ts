/**
 * Every key of the config file, in one place: what it means, what it may be.
 *
 * The names are those of the options of `open` and `serve`. Sizes are bytes and times are
 * milliseconds, as their names say. Unknown keys are refused.
 */
import { z } from 'zod';
import { triggerSchema } from './trigger-schema.ts';

const count = z.int().min(0);
const atLeastOne = z.int().min(1);

const quota = z
  .strictObject({
    entries: count.optional().describe('Entries at most'),
    bytes: count.optional().describe('Bytes of keys and values at most'),
  })
  .describe('How much may be held; a write that would pass it is refused');

const retention = z
  .strictObject({
    ms: count.optional().describe('The log is kept this long. Default: 24 h'),
    bytes: count.optional().describe('And up to this size. Default: 256 MiB'),
    hardBytes: count.optional().describe('Pins may hold it up to this size. Default: 1 GiB'),
  })
  .describe('How far back the log is kept');

const jsonSchema = z.union([z.boolean(), z.record(z.string(), z.unknown()), z.string()]);

const scope = z.strictObject({
  quota: quota.optional(),
  ttlMs: atLeastOne.optional().describe('For what is written without a time to live of its own'),
  schema: jsonSchema
    .optional()
    .describe('JSON Schema (2020-12) of the values, or the path of a file that holds it'),
});

const app = z.strictObject({
  quota: quota.optional(),
  retention: retention.optional(),
  scopes: z.record(z.string(), scope).optional().describe('Rules of single scopes, by name'),
});

const namedApp = app.extend({
  triggers: z
    .record(z.string().regex(/^[A-Za-z0-9._-]{1,64}$/), triggerSchema)
    .optional()
    .describe('Triggers that the server runs, by name'),
});

const backends = ['memory', 'sqlite', 'postgres', 'redis', 'server'] as const;

const store = z
  .strictObject({
    url: z.string().optional().describe('file:PATH, memory:, postgres://, redis://, https://'),
    backend: z.enum(backends).optional().describe('In place of url, with path'),
    path: z.string().optional().describe('A file for sqlite; HOST:PORT/NAME for a server'),
    engine: z
      .string()
      .optional()
      .describe('A module that exports openEngine, for the scheme of the url'),
    token: z.string().optional().describe('For a Holdfast server'),
    cacheBytes: count.optional().describe('Memory for entries that are read often'),
    flushMs: count.optional().describe('How long a relaxed commit may wait to be durable'),
    poolSize: z.int().min(2).optional().describe('Connections to a database at most'),
    schema: z.string().optional().describe('The schema of a database that holds the store'),
    maxValueBytes: z.int().min(1).max(67_108_864).optional().describe('Default: 1 MiB'),
    durability: z
      .enum(['none', 'process', 'disk', 'replicated'])
      .optional()
      .describe('The weakest to accept: a store that gives less is not opened'),
    busyTimeoutMs: count.optional().describe('Longest wait for a store that others hold'),
    resolveTimeoutMs: count.optional().describe('How long a lost answer is looked into'),
    sweepMs: count.optional().describe('How often the dead are swept; 0 leaves it to others'),
    mustExist: z.boolean().optional().describe('Refuse to make a store that is not there'),
    readOnly: z.boolean().optional(),
    retention: retention.optional(),
  })
  .refine((value) => (value.url === undefined) !== (value.backend === undefined), {
    message: 'needs a url, or a backend (not both)',
  })
  .refine((value) => value.path === undefined || value.backend !== undefined, {
    message: 'path goes with backend; a url has it in it',
    path: ['path'],
  });

const server = z.strictObject({
  host: z.string().optional().describe('Default: 127.0.0.1. Beyond loopback needs tokens'),
  port: z.int().min(0).max(65_535).optional().describe('Default: 7420'),
  socketPath: z.string().optional().describe('A Unix socket, in place of host and port'),
  workers: atLeastOne.optional().describe('Processes on one store. Default: 1'),
  hosts: z.array(z.string()).optional().describe('Names that it is reached by'),
  origins: z.array(z.string()).optional().describe('Web pages that may call it'),
  connectionsMax: atLeastOne.optional(),
  drainMs: count.optional().describe('How long calls may take to finish when it stops'),
  keepAliveMs: atLeastOne.optional(),
  helloTimeoutMs: atLeastOne.optional(),
  processMetrics: z.boolean().optional(),
  mcp: z
    .strictObject({
      enabled: z.boolean().optional().describe('Default: true'),
      readOnly: z.boolean().optional().describe('Leaves out the tools that write'),
      sessionsMax: count.optional().describe('Sessions of 2025 clients at once. Default: 1,000'),
      sessionIdleMs: atLeastOne.optional().describe('Default: 600,000'),
    })
    .optional()
    .describe('The Model Context Protocol at /mcp'),
  sessions: z
    .strictObject({
      enabled: z.boolean().optional().describe('Default: true'),
      durability: z.enum(['sync', 'relaxed']).optional().describe('Of the commit of a turn'),
      attempts: atLeastOne.optional().describe('How often a turn is begun. Default: 8'),
      workerWaitMs: count.optional().describe('Longest wait for a worker. Default: 10,000'),
      turnTimeoutMs: atLeastOne.optional().describe('Of a turn in all. Default: 300,000'),
      turnTtlMs: atLeastOne.optional().describe('How long outcomes are kept. Default: 24 h'),
      turnsMax: atLeastOne.optional().describe('Turns at once. Default: 100,000'),
      cacheBytes: count.optional().describe('For opaque states, per app. Default: 64 MiB'),
    })
    .optional()
    .describe('A session host for every app'),
  log: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .optional()
    .describe('Default: info'),
});

const auth = z.strictObject({
  mode: z.enum(['tokens', 'open']).optional().describe('Who is let in'),
  limits: z
    .strictObject({
      requestsPerSecond: atLeastOne.optional(),
      bytesPerSecond: atLeastOne.optional(),
      connections: atLeastOne.optional(),
      watches: atLeastOne.optional(),
      payloadBytes: atLeastOne.optional(),
    })
    .optional()
    .describe('What a token may use, unless it has limits of its own'),
});

export const configSchema = z
  .strictObject({
    store,
    server: server.optional(),
    auth: auth.optional(),
    defaults: app.optional().describe('For every app that apps does not name'),
    apps: z.record(z.string(), namedApp).optional().describe('Single apps, by name'),
  })
  .describe('The config of a Holdfast store and server');

export type Config = z.infer<typeof configSchema>;
export type AppConfig = z.infer<typeof app>;
export type TriggerConfig = z.infer<typeof triggerSchema>;
export type ScopeConfig = z.infer<typeof scope>;
