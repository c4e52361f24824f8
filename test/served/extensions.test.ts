/** Extensions that fail: the channel tells it to the client, and the server goes on. */
import { expect, test } from 'vitest';
import { HoldfastError, open as openRemote } from '../../src/client/index.ts';
import type { Channel } from '../../src/client/index.ts';
import { open } from '../../src/index.ts';
import { serve } from '../../src/server/index.ts';

test('one that fails at its work closes the channel with its error', async () => {
  await using store = await open('memory:');
  const failing = {
    name: 'failing/1',
    async open(channel: Channel) {
      await channel.send({ body: 'so far' });
      throw new HoldfastError('limit_exceeded', 'no further');
    },
  };
  await using server = await serve(store, { port: 0, extensions: [failing] });
  await using remote = await openRemote(server.url, { extensions: ['failing/1'] });
  const messages = (await remote.source.channel('a', 'failing/1'))[Symbol.asyncIterator]();
  expect(await messages.next()).toMatchObject({ value: { body: 'so far' } });
  await expect(messages.next()).rejects.toMatchObject({ code: 'limit_exceeded' });
});

test('one whose client leaves in mid-sentence harms nobody', async () => {
  await using store = await open('memory:');
  const ended = Promise.withResolvers<unknown>();
  const echo = {
    name: 'echo/1',
    async open(channel: Channel) {
      try {
        for await (const { body } of channel) await channel.send({ body });
      } catch (error) {
        ended.resolve(error);
        throw error;
      }
    },
  };
  await using server = await serve(store, { port: 0, extensions: [echo] });
  const remote = await openRemote(server.url, { extensions: ['echo/1'] });
  const channel = await remote.source.channel('a', 'echo/1');
  await channel.send({ body: 1 });
  expect(await channel[Symbol.asyncIterator]().next()).toMatchObject({ value: { body: 1 } });
  await remote.close();
  expect(await ended.promise).toMatchObject({ code: 'unavailable' });
});

test('a message that is more than the server takes is refused to its sender alone', async () => {
  await using store = await open('memory:');
  const echo = {
    name: 'echo/1',
    async open(channel: Channel) {
      for await (const { body } of channel) await channel.send({ body });
    },
  };
  const limits = { payloadBytes: 10_000 };
  await using server = await serve(store, { port: 0, extensions: [echo], limits });
  await using remote = await openRemote(server.url, { extensions: ['echo/1'] });
  const channel = await remote.source.channel('a', 'echo/1');
  const answers = channel[Symbol.asyncIterator]();
  // More often than there is credit: what was refused has used none up.
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const sending = channel.send({ body: 'x'.repeat(20_000) });
    await expect(sending).rejects.toMatchObject({ code: 'limit_exceeded' });
  }
  await channel.send({ body: 'short' });
  expect(await answers.next()).toMatchObject({ value: { body: 'short' } });
  expect(channel.signal.aborted).toBe(false);
  const opening = remote.source.channel('a', 'echo/1', 'x'.repeat(20_000));
  await expect(opening).rejects.toMatchObject({ code: 'limit_exceeded' });
});
