/**
 * The server under load. Makes a token for each app that it is told, says where it listens, how
 * much memory it holds when asked, and drains when told to.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { open } from '../../../src/index.ts';
import { parseGrant, serve } from '../../../src/server/index.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const [url = 'memory:', port = '0', ...apps] = process.argv.slice(2);
const store = await open(url);
const server = await serve(store, { port: Number(port), auth: 'tokens', processMetrics: false });
const tokens: Record<string, string> = {};
for (const app of apps) {
  const grants = [parseGrant(`${app}=read,write,watch`)];
  tokens[app] = (await server.tokens.create({ name: app, grants })).token;
}
process.on('message', (message) => void answer(message));
process.send?.({ url: server.url, tokens });

async function answer(message: unknown): Promise<void> {
  if (message === 'memory') {
    collect();
    const { rss, heapUsed } = process.memoryUsage();
    process.send?.({ rss, heapUsed });
  }
  if (message !== 'drain') return;
  await server.drain();
  await store.close();
  process.disconnect();
}
