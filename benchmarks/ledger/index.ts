/** The ledger on SQLite, beside the same work by hand on `node:sqlite`. */
import { Report } from '../report.ts';
import { openFixture } from './fixture.ts';
import { measureHeap, measureLargeValue, measureOpening } from './footprint.ts';
import { measureLatency } from './latency.ts';
import { measureThroughput } from './throughput.ts';

export async function run(args: readonly string[]): Promise<void> {
  const count = Number(args[0] ?? 1_000_000);
  const report = new Report('ledger');
  console.log(`filling both stores with ${count.toLocaleString('en')} entries …`);
  const fixture = await openFixture(count);
  await measureThroughput(report, fixture, count);
  await measureLargeValue(report, fixture);
  await measureOpening(report, fixture, count);
  await fixture.close();
  measureHeap(report, count);
  await measureLatency(report);
  report.write();
}
