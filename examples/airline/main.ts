/**
 * `npm run airline`: an airline's agent at work, many conversations at once, on one durable store.
 *
 * Kill it whenever you like and start it again: it goes on where it was, and nothing is counted
 * twice. Start it when it is complete, and the customers call again: a new round on top of the
 * state that is there. See README.md beside this file.
 */
import { open } from '../../src/index.ts';
import { readOptions } from './options.ts';
import { play } from './play.ts';
import { inOneLine } from './summary.ts';

await inOneLine(async () => {
  const options = readOptions();
  await using store = await open(options.store);
  await play(store, options);
});
