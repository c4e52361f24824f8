/**
 * One app that asks for all it can get, by many callers on a few connections, whenever it is told
 * to start, until it is told to stop; then it says how many calls were answered.
 *
 * Its own program runs at the lowest priority: it stands for one on a machine of its own, and what
 * is asked is how the server shares itself, not how the system shares processors among clients.
 */
import { setPriority } from 'node:os';
import { open } from '../../../src/client/index.ts';

const lowestPriority = 19;
const [url = '', token = '', connections = '4', callers = '64'] = process.argv.slice(2);
const value = { note: 'x'.repeat(200) };
let done = 0;
let started = Promise.withResolvers<void>();

async function call(scope: Awaited<ReturnType<typeof connect>>, caller: number): Promise<never> {
  for (let index = 0; ; index += 1) {
    await started.promise;
    const key = `k${caller}-${index % 100}`;
    await (index % 2 === 0 ? scope.set(key, value) : scope.get(key));
    done += 1;
  }
}

async function connect() {
  return (await open(url, { token })).app('noisy').scope('n');
}

setPriority(lowestPriority);
for (let connection = 0; connection < Number(connections); connection += 1) {
  const scope = await connect();
  for (let caller = 0; caller < Number(callers); caller += 1) void call(scope, caller);
}
process.on('message', (message) => {
  if (message === 'start') started.resolve();
  else started = Promise.withResolvers();
  process.send?.({ done });
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
