/** One app that asks for all it can get, by many callers on a few connections, until the end. */
import { open } from '../../../src/client/index.ts';

const [url = '', token = '', connections = '4', callers = '64'] = process.argv.slice(2);
const value = { note: 'x'.repeat(200) };
let done = 0;

async function call(scope: Awaited<ReturnType<typeof connect>>, caller: number): Promise<never> {
  for (let index = 0; ; index += 1) {
    const key = `k${caller}-${index % 100}`;
    await (index % 2 === 0 ? scope.set(key, value) : scope.get(key));
    done += 1;
  }
}

async function connect() {
  return (await open(url, { token })).app('noisy').scope('n');
}

for (let connection = 0; connection < Number(connections); connection += 1) {
  const scope = await connect();
  for (let caller = 0; caller < Number(callers); caller += 1) void call(scope, caller);
}
process.on('message', () => process.send?.({ done }));
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
