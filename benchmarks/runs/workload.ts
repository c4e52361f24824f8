/** What both sides do: the same states, changed in the same way. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../../src/internal/random.ts';

export interface Workload {
  readonly name: string;
  /** Each is a run of its own. */
  readonly runs: readonly Steps[];
  /** Bytes of all values that are written, each as often as it is. */
  readonly changedBytes: number;
}

export interface Steps {
  readonly id: string;
  /** Keys and values that the run begins with. */
  readonly start: Readonly<Record<string, unknown>>;
  /** What each step sets, or appends to the list `messages`. */
  readonly steps: readonly Change[];
}

export type Change =
  | { readonly set: Readonly<Record<string, unknown>> }
  | { readonly append: unknown };

const keys = 1000;
const valueChars = 5000;
const changesPerStep = 5;

export function largeState(steps: number): Workload {
  const random = seededRandom(7);
  const text = () => {
    let one = '';
    while (one.length < valueChars) one += random.hex(16);
    return one.slice(0, valueChars);
  };
  const start: Record<string, unknown> = {};
  for (let n = 0; n < keys; n += 1) start[`key-${n}`] = { n, text: text() };
  const changes = Array.from({ length: steps }, (_, step): Change => {
    const set: Record<string, unknown> = {};
    while (Object.keys(set).length < changesPerStep) {
      set[`key-${Math.floor(random.float() * keys)}`] = { n: step, text: text() };
    }
    return { set };
  });
  const name = `state of ${keys} keys, 5 MB; ${changesPerStep} keys changed in each of ${steps} steps`;
  return workloadOf(name, [{ id: 'large', start, steps: changes }]);
}

const folder =
  process.env['HOLDFAST_DATA'] ?? join(import.meta.dirname, '../../../shared/data/tau-bench');

/** Undefined where the recordings are absent. */
function recorded(count: number): readonly Change[][] | undefined {
  const path = join(folder, 'trajectories.jsonl');
  if (!existsSync(path)) return undefined;
  const lines = readFileSync(path, 'utf8').trim().split('\n').slice(0, count);
  return lines.map((line) => {
    const { messages } = JSON.parse(line) as { messages: readonly unknown[] };
    return messages.map((append) => ({ append }));
  });
}

/** Each a run of its own. */
export function conversations(count: number): Workload | undefined {
  const runs = recorded(count)?.map((steps, index): Steps => {
    return { id: `talk-${index}`, start: {}, steps };
  });
  const name = `${count} recorded conversations, a checkpoint after each message`;
  return runs && workloadOf(name, runs);
}

/** One after the other in one run, as with an assistant who knows its user for long. */
export function longThread(count: number): Workload | undefined {
  const steps = recorded(count)?.flat();
  const name = `${count} of them in one thread, a checkpoint after each of ${steps?.length} messages`;
  return steps && workloadOf(name, [{ id: 'thread', start: {}, steps }]);
}

function workloadOf(name: string, runs: readonly Steps[]): Workload {
  let changedBytes = 0;
  for (const { start, steps } of runs) {
    changedBytes += valueBytes(start);
    for (const change of steps) {
      changedBytes += 'set' in change ? valueBytes(change.set) : sizeOf(change.append);
    }
  }
  return { name, runs, changedBytes };
}

function valueBytes(values: Readonly<Record<string, unknown>>): number {
  return Object.values(values).reduce((sum: number, value) => sum + sizeOf(value), 0);
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
