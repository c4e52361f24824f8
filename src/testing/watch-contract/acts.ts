/** What tests do with watches. */
import { expect } from 'vitest';
import { systemClock } from '../../internal/clock.ts';
import type { Watch, WatchChanges, WatchedChange, WatchEvent } from '../../layers/watch/index.ts';

/** The next event, which must be there. */
export async function nextEvent<Out>(watch: Watch<Out>): Promise<WatchEvent<Out>> {
  const { done, value } = await watch.next();
  expect(done).toBe(false);
  return value as WatchEvent<Out>;
}

export async function nextChanges<Out>(watch: Watch<Out>): Promise<WatchChanges<Out>> {
  const event = await nextEvent(watch);
  expect(event.kind).toBe('changes');
  return event as WatchChanges<Out>;
}

/** Pulls until so many changes have come, and no more than that. */
export async function takeChanges<Out>(
  watch: Watch<Out>,
  count: number,
): Promise<WatchedChange<Out>[]> {
  const found: WatchedChange<Out>[] = [];
  while (found.length < count) found.push(...(await nextChanges(watch)).changes);
  expect(found.length).toBe(count);
  return found;
}

/** `created users/ada 1`, `updated users/ada 2 was 1`. */
export function tell(change: WatchedChange): string {
  const { kind, scope, key, value, previous } = change;
  const now = value === undefined ? '' : ` ${JSON.stringify(value)}`;
  const before = previous === undefined ? '' : ` was ${JSON.stringify(previous)}`;
  return `${kind} ${scope}/${key}${now}${before}`;
}

/** Lets everything that is ready happen. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise<void>((resolve) => systemClock.soon(resolve));
  }
}
