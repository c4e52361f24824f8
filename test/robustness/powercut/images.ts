/**
 * Disk images as power cuts at chosen moments of a trace would leave them.
 *
 * An image is named by its plan: with the same trace, the same plan gives the same bytes.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { seededRandom } from '../../../src/internal/random.ts';
import { isAckFile } from '../load/acks.ts';
import { Disk, survivals } from './disk.ts';
import type { Survival } from './disk.ts';
import type { TraceRecord } from './trace.ts';

export interface CutPlan {
  /** The power fails after this many records. */
  readonly cut: number;
  readonly survival: Survival;
  /** Of what survives by chance. */
  readonly seed: number;
}

export interface Image {
  readonly plan: CutPlan;
  readonly files: ReadonlyMap<string, Buffer>;
  /** What had been acknowledged by then, by acks file: acknowledgements left the machine. */
  readonly acks: ReadonlyMap<string, string>;
}

/** `count` plans, ordered by their moment. */
export function planCuts(records: readonly TraceRecord[], count: number, seed: number): CutPlan[] {
  const random = seededRandom(seed);
  const acks = [...findAcks(records).keys()];
  const plans: CutPlan[] = [];
  for (let index = 0; index < count; index += 1) {
    // Right behind an acknowledgement is where a missing sync shows; a third of the cuts go there.
    const behindAck = index % 3 === 0 && acks.length > 0;
    const from = behindAck ? acks[Math.floor(random.float() * acks.length)]! : undefined;
    const cut = from === undefined ? Math.floor(random.float() * (records.length + 1)) : from + 1;
    const survival = survivals[index % survivals.length]!;
    plans.push({ cut, survival, seed: Math.floor(random.float() * 2 ** 31) });
  }
  return plans.sort((a, b) => a.cut - b.cut);
}

/**
 * The images of `plans`, which are ordered by their moment: one pass over the trace makes all.
 * `files` were on the disk before the first record.
 */
export function* cutImages(
  records: readonly TraceRecord[],
  plans: readonly CutPlan[],
  files: ReadonlyMap<string, Buffer> = new Map(),
): Generator<Image> {
  const acksFound = findAcks(records);
  const acks = new Map<string, string>();
  const disk = new Disk(files);
  let done = 0;
  for (const plan of plans) {
    for (; done < plan.cut; done += 1) {
      disk.apply(records[done]!);
      const ack = acksFound.get(done);
      if (ack !== undefined) acks.set(ack.path, (acks.get(ack.path) ?? '') + ack.text);
    }
    const left = disk.afterCut(plan.survival, seededRandom(plan.seed));
    for (const name of left.keys()) {
      if (name.endsWith('-shm') || isAckFile(name)) left.delete(name);
    }
    yield { plan, files: left, acks: new Map(acks) };
  }
}

interface TracedAck {
  readonly path: string;
  readonly text: string;
}

/** The acknowledgements in a trace, by the place of their record. */
function findAcks(records: readonly TraceRecord[]): Map<number, TracedAck> {
  const paths = new Map<string, string>();
  const found = new Map<number, TracedAck>();
  for (const [index, record] of records.entries()) {
    if (record.kind === 'open' && isAckFile(record.path)) paths.set(record.file, record.path);
    if (record.kind !== 'write') continue;
    const path = paths.get(record.file);
    if (path !== undefined) found.set(index, { path, text: record.data.toString() });
  }
  return found;
}

/** A folder that holds these files and nothing else. */
export function writeFiles(folder: string, files: ReadonlyMap<string, Buffer>): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of files) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
}
