/** What tests do with triggers. */
import { systemClock } from '../../internal/clock.ts';
import type { TriggerEvent } from '../../layers/triggers/index.ts';
import type { ManualClock } from '../manual-clock.ts';

/** Goes on until `isDone`; a test's own time limit ends it otherwise. */
export async function until(isDone: () => boolean | Promise<boolean>): Promise<void> {
  // A pause, not a turn: whoever is waited for may be a server that needs the processor.
  while (!(await isDone())) await systemClock.sleep(1);
}

/** The same, while a test owns the time: it passes in steps of `stepMs`. */
export async function passUntil(
  clock: ManualClock,
  isDone: () => boolean | Promise<boolean>,
  stepMs = 100,
): Promise<void> {
  while (!(await isDone())) await clock.pass(stepMs);
}

/** `created s/a 1`, `updated s/a 2 was 1`. */
export function tell({ kind, scope, key, new_value, old_value }: TriggerEvent): string {
  const now = new_value === undefined ? '' : ` ${JSON.stringify(new_value)}`;
  const before = old_value === undefined ? '' : ` was ${JSON.stringify(old_value)}`;
  return `${kind} ${scope}/${key}${now}${before}`;
}
