/** What each of the server's settings changes. */
import { request } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { parseConfig, serverSettings } from '../../../src/config/index.ts';
import { open } from '../../../src/index.ts';
import { serve } from '../../../src/server/index.ts';
import type { Server } from '../../../src/server/index.ts';
import { serveTerms } from '../../../src/server/options.ts';
import type { ServeTerms } from '../../../src/server/options.ts';

type Values = Record<string, unknown>;

function settings(server: Values, auth: Values = {}) {
  return serverSettings(parseConfig(JSON.stringify({ store: { url: 'memory:' }, server, auth })));
}

async function serving(server: Values, auth: Values = {}): Promise<Server> {
  const store = await open('memory:');
  onTestFinished(() => store.close());
  const { options } = settings({ port: 0, ...server }, auth);
  const served = await serve(store, { ...options, processMetrics: false });
  onTestFinished(() => served.close());
  return served;
}

function statusOf(options: Record<string, unknown>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request({ path: '/healthz', ...options }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.once('error', reject);
    asked.end();
  });
}

/** What the server goes by; that it does is for the server's own tests. */
function goesBy(server: Values, auth: Values, expected: Partial<ServeTerms>) {
  return async (): Promise<void> => {
    expect(serveTerms(settings(server, auth).options)).toMatchObject(expected);
  };
}

function limit(name: keyof ServeTerms['limits']) {
  const limits = { [name]: 7 };
  return goesBy({}, { limits }, { limits: expect.objectContaining(limits) as never });
}

/** What a session host is made with. */
function sessions(given: Values) {
  return async (): Promise<void> => {
    expect(settings({ sessions: given }).sessions).toEqual(given);
  };
}

export const serverProofs: Record<string, () => Promise<void>> = {
  'server.host': async () => {
    const { url } = await serving({ host: '127.0.0.2' });
    expect(url).toContain('//127.0.0.2:');
  },
  'server.port': async () => {
    const { url } = await serving({});
    const { port } = new URL(url);
    await expect(serving({ port: Number(port) })).rejects.toMatchObject({ code: 'unavailable' });
  },
  'server.socketPath': async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-socket-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const socketPath = join(folder, 's');
    await serving({ socketPath });
    expect(await statusOf({ socketPath })).toBe(200);
  },
  'server.hosts': goesBy({ hosts: ['state.example'] }, {}, { hosts: ['state.example'] }),
  'server.origins': goesBy(
    { origins: ['https://a.example'] },
    {},
    { origins: ['https://a.example'] },
  ),
  'server.connectionsMax': goesBy({ connectionsMax: 7 }, {}, { connectionsMax: 7 }),
  'server.drainMs': goesBy({ drainMs: 7 }, {}, { drainMs: 7 }),
  'server.keepAliveMs': goesBy({ keepAliveMs: 7 }, {}, { keepAliveMs: 7 }),
  'server.helloTimeoutMs': goesBy({ helloTimeoutMs: 7 }, {}, { helloTimeoutMs: 7 }),
  'server.processMetrics': async () => {
    expect(settings({ processMetrics: false }).options.processMetrics).toBe(false);
  },
  'server.mcp.enabled': async () => {
    const { url } = await serving({ mcp: { enabled: false } });
    expect((await fetch(`${url}/mcp`)).status).toBe(404);
    const other = await serving({ mcp: { enabled: true } });
    expect((await fetch(`${other.url}/mcp`)).status).toBe(405);
  },
  'server.mcp.readOnly': goesBy({ mcp: { readOnly: true } }, {}, { mcp: { readOnly: true } }),
  'server.mcp.sessionsMax': goesBy({ mcp: { sessionsMax: 7 } }, {}, { mcp: { sessionsMax: 7 } }),
  'server.mcp.sessionIdleMs': goesBy(
    { mcp: { sessionIdleMs: 7 } },
    {},
    { mcp: { sessionIdleMs: 7 } },
  ),
  'server.sessions.enabled': async () => {
    expect(settings({ sessions: { enabled: false } }).sessions).toBe(false);
    expect(settings({ sessions: { enabled: true } }).sessions).toEqual({});
  },
  'server.sessions.durability': sessions({ durability: 'relaxed' }),
  'server.sessions.attempts': sessions({ attempts: 7 }),
  'server.sessions.workerWaitMs': sessions({ workerWaitMs: 7 }),
  'server.sessions.turnTimeoutMs': sessions({ turnTimeoutMs: 7 }),
  'server.sessions.turnTtlMs': sessions({ turnTtlMs: 7 }),
  'server.sessions.turnsMax': sessions({ turnsMax: 7 }),
  'server.sessions.cacheBytes': sessions({ cacheBytes: 7 }),
  'server.workers': async () => expect(settings({ workers: 3 }).workers).toBe(3),
  'server.log': async () => expect(settings({ log: 'warn' }).logLevel).toBe('warn'),
  'auth.mode': async () => {
    expect((await serving({}, { mode: 'tokens' })).auth).toBe('tokens');
    const exposed = serving({ host: '0.0.0.0' }, { mode: 'open' });
    await expect(exposed).rejects.toMatchObject({ code: 'invalid_argument' });
  },
  'auth.limits.requestsPerSecond': limit('requestsPerSecond'),
  'auth.limits.bytesPerSecond': limit('bytesPerSecond'),
  'auth.limits.connections': limit('connections'),
  'auth.limits.watches': limit('watches'),
  'auth.limits.payloadBytes': limit('payloadBytes'),
};
