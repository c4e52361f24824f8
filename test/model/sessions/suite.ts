/**
 * Sessions against a reference: random turns on hosts and workers that crash, forget, come back
 * with old states, lose and repeat messages.
 *
 * After each step what is stored must be what a single process would have, every acknowledged turn
 * in it once; a turn that was not acknowledged is asked for again, and then it is in it once, too.
 */
import { expect, test } from 'vitest';
import { systemClock } from '../../../src/internal/clock.ts';
import { seededRandom } from '../../../src/internal/random.ts';
import type { LayerContractSetup } from '../../../src/testing/index.ts';
import { runCount, runSeed } from '../../robustness/runs.ts';
import { Coverage } from './coverage.ts';
import type { Happening } from './coverage.ts';
import { Run } from './run.ts';

/** From this many runs on each of them must have been met. */
const runsToMeetAll = 40;
const all: readonly Happening[] = [
  'a turn that began anew',
  'a regeneration',
  'a retry',
  'a conflict',
  'a change of schema',
  'a handler that failed',
  'a worker that forgot',
  'a worker with a false state',
  'a worker killed',
  'a host restarted',
  'a host dead before its commit',
  'a host dead behind its commit',
  'a message lost',
  'a message repeated',
];

/** `slice` runs in an ordinary test run; of those that a search asks for, the `share`. */
export function sessionModelSuite(
  name: string,
  setup: LayerContractSetup,
  { slice, share }: { readonly slice: number; readonly share: number },
): void {
  test(`sessions are what a single process would have, on ${name}`, async () => {
    const coverage = new Coverage();
    const runs = runCount(slice, share);
    for (let run = 0; run < runs; run += 1) await runOnce(name, setup, runSeed + run, coverage);
    console.log(`${runs} runs on ${name}: ${coverage.toString()}`);
    if (runs < runsToMeetAll) return;
    expect(all.filter((happening) => coverage.of(happening) === 0)).toEqual([]);
  });
}

async function runOnce(
  name: string,
  setup: LayerContractSetup,
  seed: number,
  coverage: Coverage,
): Promise<void> {
  const opened = await setup.openLedger({ clock: systemClock });
  try {
    const ledgers = [opened.ledger, (await opened.another?.()) ?? opened.ledger];
    await new Run(ledgers, seededRandom(seed), coverage).go();
  } catch (cause) {
    throw new Error(`seed ${seed} on ${name}`, { cause });
  } finally {
    await opened.close();
  }
}
