/**
 * A tool server of one's own whose state outlives it: a counter, a cached call, sessions, a rate
 * limit. Start it twice on one file: both are one server.
 */
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';
import { open } from '../../src/index.ts';
import { Cache, Counter, RateLimiter, SessionStore } from '../../src/layers/recipes/index.ts';

const app = (await open(process.argv[2] ?? 'file:./tools.db')).app('tools');
const calls = new Counter(app.scope<number>('calls'));
const weather = new Cache<string>(app, 'weather', { ttlMs: 600_000 });
const sessions = new SessionStore<{ notes: string[] }>(app, 'notes', { ttlMs: 3_600_000 });
const limiter = new RateLimiter(app, 'lookups', {
  kind: 'fixed-window',
  limit: 3,
  windowMs: 60_000,
});

/** Stands for something slow that costs money. */
async function lookUp(city: string): Promise<string> {
  return `It is sunny in ${city}, as of call ${await calls.add('lookups')}.`;
}

const text = (said: string) => ({ content: [{ type: 'text' as const, text: said }] });

function tools(): McpServer {
  const server = new McpServer({ name: 'tools', version: '1.0.0' });
  server.registerTool(
    'weather',
    { description: 'The weather in a city', inputSchema: z.object({ city: z.string() }) },
    async ({ city }) => {
      const { allowed, remaining } = await limiter.take('everybody');
      if (!allowed) return { ...text('Too many questions; ask again in a minute.'), isError: true };
      const said = await weather.getOrCompute(city, lookUp);
      return text(`${said} ${remaining} more questions this minute.`);
    },
  );
  server.registerTool('begin', { description: 'Begins a notebook' }, async () =>
    text(await sessions.create({ notes: [] })),
  );
  server.registerTool(
    'note',
    {
      description: 'Adds a note to a notebook and tells all of them',
      inputSchema: z.object({ session: z.string(), note: z.string() }),
    },
    async ({ session, note }) => {
      const kept = await sessions.update(session, ({ notes }) => ({ notes: [...notes, note] }));
      return kept ? text(kept.notes.join('\n')) : { ...text('No such notebook.'), isError: true };
    },
  );
  return server;
}

serveStdio(tools);
