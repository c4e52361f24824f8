/** The whole work: the data goes in once, then round after round of conversations. */
import type { Store } from '../../src/index.ts';
import { madeDataset } from './data/made.ts';
import { readRecorded } from './data/recorded.ts';
import type { Dataset } from './data/shapes.ts';
import type { ExampleOptions } from './options.ts';
import { load } from './replay/load.ts';
import { replay, stepsDone, stepsOf } from './replay/replay.ts';
import type { Tally } from './replay/replay.ts';
import { AirlineState } from './replay/state.ts';
import { LiveLine, say, showTotals } from './summary.ts';

export async function play(store: Store, options: ExampleOptions): Promise<void> {
  const dataset = options.data === undefined ? madeDataset() : await readRecorded(options.data);
  const state = new AirlineState(store.app('airline'));
  say(
    `Data: ${dataset.name}${options.data === undefined ? ' (--data DIR takes a recording)' : ''}`,
  );
  const loaded = await load(state, dataset);
  say(`Loaded ${loaded} users and reservations${loaded === 0 ? ': they were there' : ''}`);
  let tally: Tally = { steps: 0, finished: 0, cacheHits: 0, cacheMisses: 0 };
  const first = await currentRound(state, dataset);
  const last = options.rounds ?? first;
  for (let round = first; round <= last; round += 1) {
    tally = await playRound(state, dataset, options, round);
  }
  if (first > last) say(`All ${last} rounds are complete`);
  await showTotals(state, dataset, tally, store.url);
}

/** The first round that is not complete. */
async function currentRound(state: AirlineState, dataset: Dataset): Promise<number> {
  const of = stepsOf(dataset);
  for (let round = 1; ; round += 1) {
    if ((await stepsDone(state, dataset, round)) < of) return round;
  }
}

async function playRound(
  state: AirlineState,
  dataset: Dataset,
  options: ExampleOptions,
  round: number,
): Promise<Tally> {
  const { concurrency, pace } = options;
  const done = await stepsDone(state, dataset, round);
  const of = stepsOf(dataset);
  say(done === 0 ? `Round ${round}` : `Round ${round}, going on at step ${done} of ${of}`);
  const startedAt = performance.now();
  const line = new LiveLine(done, of, dataset.conversations.length);
  try {
    return await replay(state, dataset, {
      round,
      concurrency,
      paceMs: pace,
      onStep: (tally) => line.update(tally, performance.now() - startedAt),
    });
  } finally {
    line.end();
  }
}
