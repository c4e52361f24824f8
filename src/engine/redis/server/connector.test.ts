import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { AbstractConnector } from 'ioredis';
import { expect, test } from 'vitest';
import { connectorClass } from './connector.ts';

test('a connection that fails twice ends nothing, and the first failure is told', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const Connector = connectorClass({ AbstractConnector });
  const connector = new Connector({ host: '127.0.0.1', port, disconnectTimeout: 1000 });
  const stream = await connector.connect(() => undefined);
  stream.once('error', () => undefined);
  stream.emit('error', new Error('refused'));
  stream.emit('error', new Error('and then not understood'));
  expect(connector.firstError?.message).toBe('refused');
  stream.destroy();
  server.close();
});
