/** Watching waits without keeping the process alive, as libraries should; a command must stay. */
import type { Clock } from '../../../internal/clock.ts';

const aliveMs = 200;

export async function stayingAlive(clock: Clock, work: () => Promise<void>): Promise<void> {
  const state = { isDone: false };
  const ended = work().finally(() => {
    state.isDone = true;
  });
  while (!state.isDone) await Promise.race([ended, clock.sleep(aliveMs)]);
  await ended;
}
