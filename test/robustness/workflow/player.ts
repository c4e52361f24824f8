/** `node player.ts URL SEED`: executes the workflow on a store, to be killed while it does. */
import { open } from '../../../src/index.ts';
import { play } from './flow.ts';

const [url = '', seed = '0'] = process.argv.slice(2);
await using store = await open(url, { memberTtlMs: 60 });
const execution = play(store.app('app'), Number(seed), 4);
for await (const event of execution) {
  if (event.type === 'started') console.log('started');
}
await execution.result();
