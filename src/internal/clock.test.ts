import { expect, test } from 'vitest';
import { systemClock } from './clock.ts';

test('the end of a turn comes after all that is soon, whoever asked first', async () => {
  const seen: string[] = [];
  const note = (what: string) => () => void seen.push(what);
  await new Promise<void>((resolve) => {
    systemClock.endOfTurn(note('end'));
    systemClock.soon(() => {
      note('soon')();
      const follow = Promise.resolve().then(() => undefined);
      void follow.then(note('what follows')).then(() => {
        systemClock.soon(() => {
          note('next turn')();
          resolve();
        });
      });
    });
    systemClock.soon(note('also soon'));
  });
  expect(seen).toEqual(['soon', 'also soon', 'what follows', 'end', 'next turn']);
});

test('who throws in a turn stops nobody else', async () => {
  const thrown = new Promise((resolve) => process.once('uncaughtException', resolve));
  const before = process.listeners('uncaughtException').slice(0, -1);
  for (const listener of before) process.off('uncaughtException', listener);
  const soon = new Promise<void>((resolve) => {
    systemClock.soon(() => {
      throw new Error('mine');
    });
    systemClock.soon(resolve);
  });
  const end = new Promise<void>((resolve) => systemClock.endOfTurn(resolve));
  await Promise.all([soon, end]);
  expect(await thrown).toEqual(new Error('mine'));
  for (const listener of before) process.on('uncaughtException', listener);
});
