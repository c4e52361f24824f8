/** All conversations of a round, several at once, each from where it stands. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Conversation, Dataset } from '../data/shapes.ts';
import { progressKey } from './state.ts';
import type { AirlineState } from './state.ts';
import { search, takeStep } from './step.ts';

export interface ReplayOptions {
  readonly round: number;
  readonly concurrency: number;
  /** Waits this long before each step, as if a model thought about it. */
  readonly paceMs: number;
  readonly onStep: (tally: Tally) => void;
}

/** What this process did; the store has the totals. */
export interface Tally {
  steps: number;
  finished: number;
  cacheHits: number;
  cacheMisses: number;
}

export async function replay(
  state: AirlineState,
  dataset: Dataset,
  options: ReplayOptions,
): Promise<Tally> {
  const tally: Tally = { steps: 0, finished: 0, cacheHits: 0, cacheMisses: 0 };
  const waiting = [...dataset.conversations].reverse();
  const workers = Array.from({ length: options.concurrency }, async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      await talk(state, next, options, tally);
    }
  });
  await Promise.all(workers);
  return tally;
}

async function talk(
  state: AirlineState,
  conversation: Conversation,
  options: ReplayOptions,
  tally: Tally,
): Promise<void> {
  const { round, paceMs, onStep } = options;
  const of = conversation.messages.length;
  const { next } = await state.progress.get(progressKey(round, conversation.id), { next: 0, of });
  for (let step = next; step < of;) {
    const place = { round, conversation, step };
    const hit = await search(state, place);
    if (hit === true) tally.cacheHits += 1;
    if (hit === false) tally.cacheMisses += 1;
    step = await takeStep(state, place);
    tally.steps += 1;
    onStep(tally);
    if (paceMs > 0) await sleep(paceMs);
  }
  tally.finished += 1;
  onStep(tally);
}

/** How many of a round's steps are done already. */
export async function stepsDone(
  state: AirlineState,
  dataset: Dataset,
  round: number,
): Promise<number> {
  let done = 0;
  const prefix = progressKey(round, '');
  for await (const { value } of state.progress.entries({ prefix })) done += value.next;
  return Math.min(done, stepsOf(dataset));
}

export function stepsOf({ conversations }: Dataset): number {
  return conversations.reduce((sum, { messages }) => sum + messages.length, 0);
}
