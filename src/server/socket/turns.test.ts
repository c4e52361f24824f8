import { expect, test } from 'vitest';
import { ManualClock } from '../../testing/index.ts';
import { Turns } from './turns.ts';
import type { Served } from './turns.ts';

function served(owner: string, frames: number, serveOne: () => void): Served {
  let left = frames;
  return {
    owner,
    serve(most) {
      for (let count = 0; count < most && left > 0; count += 1) {
        left -= 1;
        serveOne();
      }
      return left > 0;
    },
  };
}

/** How many frames of `loud`, each a tenth of a millisecond, each turn of the event loop serves. */
async function framesPerLoop(quietIsAbout: boolean): Promise<number[]> {
  const clock = new ManualClock();
  const turns = new Turns(clock);
  if (quietIsAbout) turns.add(served('quiet', 1, () => undefined));
  const counts: number[] = [0];
  let count = 0;
  const loud = served('loud', 100, () => {
    clock.advance(0.1);
    count += 1;
  });
  turns.add(loud);
  for (let loop = 0; loop < 10; loop += 1) {
    await new Promise<void>((resolve) => clock.endOfTurn(resolve));
    counts.push(count);
  }
  expect(count).toBe(100);
  return counts.slice(1).map((total, loop) => total - (counts[loop] ?? 0));
}

test('who is alone has long slices, who is not has short ones', async () => {
  expect(Math.max(...(await framesPerLoop(false)))).toBeGreaterThan(32);
  expect(Math.max(...(await framesPerLoop(true)))).toBe(16);
});

test('principals take turns, whatever they have waiting', async () => {
  const clock = new ManualClock();
  const turns = new Turns(clock);
  const order: string[] = [];
  turns.add(served('loud', 64, () => order.push('loud')));
  turns.add(served('loud', 64, () => order.push('loud')));
  turns.add(served('quiet', 2, () => order.push('quiet')));
  await new Promise<void>((resolve) => clock.endOfTurn(resolve));
  expect(order.indexOf('quiet')).toBe(16);
  expect(order.filter((owner) => owner === 'loud')).toHaveLength(128);
});
