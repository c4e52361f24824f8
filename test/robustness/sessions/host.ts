/** `node host.ts URL PORT`: a host in a process of its own, until it is killed. */
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { open } from '../../../src/index.ts';
import {
  SessionHost,
  serveWorkers,
  sessionHttp,
  sqliteCodec,
} from '../../../src/sessions/index.ts';

const [url = '', port = '0'] = process.argv.slice(2);
const store = await open(url);
const app = store.app('airline');
const host = new SessionHost(app, { codecs: [sqliteCodec] });
const answer = getRequestListener(async (request) => {
  return (await sessionHttp({ app, host }, request)) ?? new Response(undefined, { status: 404 });
});
const server = createServer((request, response) => void answer(request, response));
serveWorkers(server, host);
server.listen(Number(port), '127.0.0.1', () => {
  console.log(JSON.stringify(server.address()));
});
