/** Keeps 64 callers setting for `seconds`; prints set latencies and the event loop's delay. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { openStore, randomKey, valueOf } from '../fixture.ts';
import { together } from '../../measure.ts';

const [, , path, seconds, seed] = process.argv;
const ledgers = await openStore(path!);
const ledger = ledgers.ledger('bench');
const latencies: number[] = [];
let n = Number(seed) * 10_000_000;
const delay = monitorEventLoopDelay({ resolution: 1 });
await ledger.commit({ mutations: [{ kind: 'set', scope: 'load', key: 'warm', value: n }] });
delay.enable();
const count = await together(64, Number(seconds), async () => {
  n += 1;
  const start = performance.now();
  const set = {
    kind: 'set',
    scope: 'load',
    key: randomKey(n % 100_000),
    value: valueOf(n),
  } as const;
  await ledger.commit({ mutations: [set] });
  latencies.push(performance.now() - start);
});
delay.disable();
await ledgers.close();
latencies.sort((a, b) => a - b);
const at = (share: number): number => latencies[Math.floor((latencies.length - 1) * share)]!;
console.log(
  JSON.stringify({
    count,
    p50: at(0.5),
    p99: at(0.99),
    max: at(1),
    loopP50: delay.percentile(50) / 1e6,
    loopP99: delay.percentile(99) / 1e6,
    loopMax: delay.max / 1e6,
  }),
);
