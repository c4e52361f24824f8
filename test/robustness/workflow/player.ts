/**
 * `node player.ts URL SEED`: executes the workflow on a store, to be killed while it does. Prints
 * `started`, a line for every checkpoint, and how it ended.
 */
import { isHoldfastError, open } from '../../../src/index.ts';
import { play } from './flow.ts';

const [url = '', seed = '0'] = process.argv.slice(2);
try {
  await using store = await open(url, { memberTtlMs: 60 });
  const execution = play(store.app('app'), Number(seed), 4);
  for await (const { type } of execution) {
    if (type === 'started' || type === 'checkpoint') console.log(type);
  }
  console.log((await execution.result()).status);
} catch (error) {
  console.log(isHoldfastError(error) ? error.code : String(error));
  process.exitCode = 1;
}
