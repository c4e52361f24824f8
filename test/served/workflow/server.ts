/** `node server.ts FILE PORT`: serves a store until it is killed. Says `ready`. */
import { open } from '../../../src/index.ts';
import { serve } from '../../../src/server/index.ts';

const [path = '', port = ''] = process.argv.slice(2);
const store = await open(`file:${path}`);
await serve(store, { port: Number(port), processMetrics: false });
console.log('ready');
