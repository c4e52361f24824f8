/** Prints the process's memory at rest, while writing and while scanning `count` entries. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

declare const gc: () => void;
const count = Number(process.argv[2]);

/** What the process holds: the JavaScript heap and what hangs on it outside. */
function held(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

gc();
const bare = held();
const { openStore, randomKey, valueOf } = await import('../fixture.ts');
const folder = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'holdfast-heap-'));
const ledgers = await openStore(join(folder, 'heap.db'));
const ledger = ledgers.ledger('heap');
await ledger.commit({ mutations: [{ kind: 'set', scope: 's', key: 'k', value: 1 }] });
gc();
const idle = held();

let peak = 0;
const watch = setInterval(() => {
  peak = Math.max(peak, held());
}, 20);

for (let start = 0; start < count; start += 1000) {
  const numbers = Array.from(
    { length: Math.min(1000, count - start) },
    (_, index) => start + index,
  );
  await ledger.commit({
    durability: 'relaxed',
    mutations: numbers.map((n) => ({
      kind: 'set',
      scope: 'facts',
      key: randomKey(n),
      value: valueOf(n),
    })),
  });
  peak = Math.max(peak, held());
}
const writingPeak = peak;
peak = 0;
for (let cursor: string | undefined; ;) {
  const page = await ledger.scan({ scope: 'facts', limit: 1000, cursor });
  for (const entry of page.items) entry.value.decode();
  peak = Math.max(peak, held());
  cursor = page.cursor;
  if (cursor === undefined) break;
}
const scanningPeak = peak;
clearInterval(watch);
gc();
const settled = held();
await ledgers.close();
rmSync(folder, { recursive: true });
console.log(JSON.stringify({ bare, idle, writingPeak, scanningPeak, settled }));
