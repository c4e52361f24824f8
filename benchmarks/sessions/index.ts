/**
 * Sessions on the recorded conversations: bytes and time of a turn, and many sessions at once.
 *
 * `npm run bench -- sessions [--quick] [--data FOLDER]`
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parseArgs } from 'node:util';
import { Report } from '../report.ts';
import { readReplays } from './conversations.ts';
import { measureMany } from './many-sessions.ts';
import { measureFlatness, measureTimes } from './turn-time.ts';
import { measureBytes } from './wire-bytes.ts';

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { quick: { type: 'boolean', default: false }, data: { type: 'string' } },
  });
  // So that the heap can be measured without what is garbage already.
  setFlagsFromString('--expose-gc');
  globalThis.gc = runInNewContext('gc') as typeof globalThis.gc;
  const { name, replays } = await readReplays(values.data);
  const some = values.quick ? replays.slice(0, 12) : replays;
  console.log(`replaying ${some.length} conversations: ${name}`);
  const report = new Report('sessions');
  await measureBytes(report, some);
  await measureTimes(report, some, 'relaxed');
  await measureTimes(report, some, 'sync');
  await measureFlatness(report, some);
  await measureMany(report, some, values.quick ? 1000 : 10_000);
  if (!values.quick) report.write();
}
