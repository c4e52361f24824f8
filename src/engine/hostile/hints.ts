/** Hints that are lost, doubled or late, as E4 permits; none comes after the listener stopped. */
import type { Dice } from './faults.ts';

type Listener = (ledger: string) => void;

export function hostileListener(
  listener: Listener,
  dice: Dice,
  isClosed: () => boolean,
): { hear: Listener; stop: () => void } {
  let stopped = false;
  const { lostHints, doubledHints } = dice.faults;
  const deliver = async (ledger: string) => {
    await dice.maybePause();
    if (!stopped && !isClosed()) listener(ledger);
  };
  return {
    hear(ledger) {
      if (dice.happens(lostHints)) return;
      void deliver(ledger);
      if (dice.happens(doubledHints)) void deliver(ledger);
    },
    stop() {
      stopped = true;
    },
  };
}
