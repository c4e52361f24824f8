/**
 * `npm start`: the airline's agent at work, and then a server over the store that it left.
 *
 * Kill it whenever you like and start it again: it goes on where it was. See README.md beside this
 * file.
 */
import { open } from '../../src/index.ts';
import type { Store } from '../../src/index.ts';
import { serve } from '../../src/server/index.ts';
import { readStartOptions } from './options.ts';
import type { StartOptions } from './options.ts';
import { play } from './play.ts';
import { inOneLine, say, styledTitle } from './summary.ts';

async function serveIt(store: Store, { store: url, port }: StartOptions): Promise<void> {
  await using server = await serve(store, { port });
  const { items } = await store.app('airline').ledger.scan({
    scope: 'users',
    keysOnly: true,
    limit: 1,
  });
  const user = encodeURIComponent(items[0]?.key ?? 'ada');
  const base = `${server.url}/v1/apps/airline`;
  say();
  say(styledTitle(`Serving it on ${server.url} (loopback, no token); Ctrl-C ends`));
  const lines = [
    `curl ${base}/scopes`,
    `curl '${base}/scopes/users/entries?limit=2&keysOnly'`,
    `curl -i ${base}/scopes/users/entries/${user}`,
    `curl -X PUT -d '{"visits": 1}' ${base}/scopes/notes/entries/mine`,
    `curl -X PATCH -d '{"operations": [{"op": "increment", "path": "/visits"}]}' '${base}/scopes/notes/entries/mine?returns=values'`,
    `curl -N ${base}/watch                  # leave it open, and change something`,
    `curl ${server.url}/openapi.json        # everything else`,
    `npm run -s holdfast -- -s ${server.url} -a airline watch`,
    `npm run airline -- --store ${url}      # the customers call again, on the same store`,
  ];
  for (const line of lines) say(`  ${line}`);
  say(`MCP clients find it at ${server.url}/mcp/airline`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await server.drain();
}

await inOneLine(async () => {
  const options = readStartOptions();
  await using store = await open(options.store);
  await play(store, options);
  await serveIt(store, options);
});
