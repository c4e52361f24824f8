/** How far a trigger is, and who runs it: as its records tell, and as those who run it report. */
import { limits } from '../../ledger/index.ts';
import type { Ledger, Position } from '../../ledger/index.ts';
import { lagOf } from './heard.ts';
import {
  allParkedPrefix,
  controlScope,
  deadPrefix,
  progressScope,
  workerPrefix,
} from './keyspace.ts';
import type { TriggerStatus } from './trigger-options.ts';
import { keysOf } from './stored-keys.ts';
import type { Config, TriggerRecords } from './trigger-records.ts';

/** A worker that reported nothing for as long did nothing. */
const reportMs = 10_000;

/** What a process that runs a trigger says of itself. */
export interface WorkerReport {
  /** Events that it handled, averaged over about ten seconds. */
  readonly perSecond?: number | undefined;
}

export async function statusOf(records: TriggerRecords, config: Config): Promise<TriggerStatus> {
  const { name, ledger } = records;
  const [positions, head, members] = await Promise.all([
    records.positions(),
    ledger.head(),
    ledger.members(),
  ]);
  const position = leastOf(positions) ?? head.oldest;
  const alive = new Set(members.map(({ id }) => id));
  const workers = (await workersOf(ledger, name)).filter(({ member }) => alive.has(member));
  const isRecent = ({ at }: { at: number }): boolean => head.time - at < reportMs;
  return {
    name,
    isPaused: config.isPaused,
    filter: config.filter,
    position,
    lag: await lagOf(ledger, position, config.filter),
    parked: (await keysOf(ledger, progressScope(name), allParkedPrefix)).length,
    deadLetters: (await keysOf(ledger, controlScope(name), deadPrefix)).length,
    workers: workers.length,
    perSecond: workers.filter(isRecent).reduce((sum, { perSecond }) => sum + perSecond, 0),
  };
}

export function leastOf(positions: readonly Position[]): Position | undefined {
  let least: Position | undefined;
  for (const position of positions) {
    if (least === undefined || position.revision < least.revision) least = position;
  }
  return least;
}

async function workersOf(
  ledger: Ledger,
  name: string,
): Promise<{ member: string; perSecond: number; at: number }[]> {
  const page = await ledger.scan({
    scope: controlScope(name),
    prefix: workerPrefix,
    limit: limits.scanLimitMax,
  });
  return page.items.map(({ key, value, updatedAt: at }) => {
    const { perSecond = 0 } = value.decode() as WorkerReport;
    return { member: key.slice(workerPrefix.length), perSecond, at };
  });
}
