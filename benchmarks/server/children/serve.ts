/** The server under test, in a process of its own. Says its URL; says its CPU time when asked. */
import { open } from '../../../src/index.ts';
import { serve } from '../../../src/server/index.ts';

const store = await open(process.argv[2] ?? 'memory:');
const server = await serve(store, { port: 0, processMetrics: false });
process.send?.({ url: server.url });
process.on('message', (message) => {
  if (message === 'cpu') process.send?.({ cpu: process.cpuUsage() });
});
process.on('disconnect', () => process.exit(0));
