/** The conversations that are replayed: the recorded ones where there are any. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { madeDataset } from '../../examples/airline/data/made.ts';
import { readRecorded } from '../../examples/airline/data/recorded.ts';
import type { Message } from '../../examples/airline/data/shapes.ts';
import { turnsOf } from '../../examples/airline/data/turns.ts';

export interface Replay {
  readonly id: string;
  readonly turns: readonly (readonly Message[])[];
}

export async function readReplays(folder: string | undefined): Promise<{
  readonly name: string;
  readonly replays: readonly Replay[];
}> {
  const recorded = folder ?? join(import.meta.dirname, '../../../shared/data/tau-bench');
  const isRecorded = existsSync(join(recorded, 'trajectories.jsonl'));
  const { name, conversations } = isRecorded ? await readRecorded(recorded) : madeDataset();
  const replays = conversations.map((one) => ({ id: one.id, turns: turnsOf(one) }));
  return { name, replays };
}
