/**
 * Raises one counter with 256 callers for as long as it is told, and tells how often it did:
 * through Holdfast, or by reading and writing back if nobody was faster.
 */
import { open } from '../../../../src/index.ts';
import { together } from '../../../measure.ts';
import { openCounter } from './bare-counter.ts';

const callers = 256;
const [, , url = ''] = process.argv;

const store = await open(url);
const scope = store.app('counters').scope<number>('s');
const bare = await openCounter(url);

async function increment(): Promise<void> {
  await scope.update('hot', [{ op: 'increment' }]);
}

/** Returns whether it got through before the time was up. */
async function compareAndSet(deadline: number): Promise<boolean> {
  while (performance.now() < deadline) {
    if (await bare.tryIncrement()) return true;
  }
  return false;
}

process.on('message', ({ kind, seconds }: { kind: string; seconds: number }) => {
  const deadline = performance.now() + seconds * 1000;
  let vain = 0;
  const work =
    kind === 'ours'
      ? increment
      : async () => {
          if (!(await compareAndSet(deadline))) vain += 1;
        };
  void together(callers, seconds, work).then((count) => process.send?.(count - vain));
});
process.on('disconnect', () => {
  void store.close().then(() => bare.close());
});
process.send?.('ready');
