/**
 * `npm start`: a server over an embedded store with the airline's data in it, and what to try.
 *
 * The data is loaded once; start again and it is there. See README.md beside this file.
 */
import { Command, InvalidArgumentError } from 'commander';
import { open } from '../../src/index.ts';
import { defaultPort, serve } from '../../src/server/index.ts';
import { madeDataset } from './data/made.ts';
import { readRecorded } from './data/recorded.ts';
import { load } from './replay/load.ts';
import { AirlineState } from './replay/state.ts';
import { say } from './summary.ts';

interface StartOptions {
  readonly store: string;
  readonly data?: string | undefined;
  readonly port: number;
}

function readStartOptions(): StartOptions {
  const program = new Command('npm start --')
    .description('Serves a store with the airline’s users and reservations in it.')
    .option('--store <url>', 'where the state is kept', 'file:./airline.db')
    .option('--data <folder>', 'users, reservations and trajectories as JSON Lines')
    .option('--port <port>', 'where to listen; 0 takes one that is free', port, defaultPort);
  program.parse();
  return program.opts<StartOptions>();
}

function port(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0 && number <= 65_535) return number;
  throw new InvalidArgumentError('It must be a number from 0 to 65535.');
}

async function main({ store: url, data, port: wanted }: StartOptions): Promise<void> {
  await using store = await open(url);
  const dataset = data === undefined ? madeDataset() : await readRecorded(data);
  const airline = store.app('airline');
  const loaded = await load(new AirlineState(airline), dataset);
  await using server = await serve(store, { port: wanted });
  const { items } = await airline.ledger.scan({ scope: 'users', keysOnly: true, limit: 1 });
  const user = encodeURIComponent(items[0]?.key ?? 'ada');
  const base = `${server.url}/v1/apps/airline`;
  say(`Data: ${dataset.name}, ${loaded === 0 ? 'it was there' : `${loaded} entries loaded`}`);
  say(`Serving ${url} on ${server.url} (loopback, no token); Ctrl-C ends. Try:`);
  const lines = [
    `curl ${base}/scopes`,
    `curl '${base}/scopes/users/entries?limit=2&keysOnly'`,
    `curl -i ${base}/scopes/users/entries/${user}`,
    `curl -X PUT -d '{"visits": 1}' ${base}/scopes/notes/entries/mine`,
    `curl -X PATCH -d '{"operations": [{"op": "increment", "path": "/visits"}]}' '${base}/scopes/notes/entries/mine?returns=values'`,
    `curl -N ${base}/watch                  # leave it open, and change something`,
    `curl ${server.url}/openapi.json        # everything else`,
    `npm run holdfast -- -s ${server.url} -a airline watch`,
    `npm run airline -- --store ${url}      # the agent at work, on the same store`,
  ];
  for (const line of lines) say(`  ${line}`);
  say(`MCP clients find it at ${server.url}/mcp/airline`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await server.drain();
}

try {
  await main(readStartOptions());
} catch (error) {
  // What went wrong is said in one line; the stack is of no use to whoever tries the example.
  console.error(error instanceof Error ? `error: ${error.message}` : error);
  process.exitCode = 1;
}
