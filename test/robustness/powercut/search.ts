/**
 * One search: traced writers, images of random power cuts, and a verdict on each.
 *
 * A search lives in a folder: `search.json` (what is below), `files/` (what the writers found),
 * `trace`. With them any of its images can be made again, which is what `replay.ts` does with a
 * finding.
 */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { durableAcks, parseAcks } from '../load/acks.ts';
import type { Ack } from '../load/acks.ts';
import type { Problems } from '../verify/problems.ts';
import { verifyStore } from '../verify/verify.ts';
import { cutImages, planCuts, writeFiles } from './images.ts';
import type { CutPlan, Image } from './images.ts';
import { parseTrace } from './trace.ts';
import type { TraceRecord } from './trace.ts';
import { runTraced } from './traced-run.ts';

export interface Search {
  readonly base: string;
  readonly seed: number;
  readonly writers: readonly string[];
  readonly proposals: number;
  /** What the writers find, and what had been acknowledged of it, by writer. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly acks: ReadonlyMap<string, readonly Ack[]>;
}

const script = join(import.meta.dirname, '..', 'load', 'writer.ts');

export async function trace(search: Search): Promise<TraceRecord[]> {
  const { base, seed, proposals, files, acks } = search;
  const writers = search.writers.map((name) => [name, String(seed), String(proposals)]);
  mkdirSync(base, { recursive: true });
  writeFiles(join(base, 'files'), files);
  writeFileSync(join(base, 'search.json'), JSON.stringify({ seed, acks: [...acks] }));
  return runTraced({ base, script, writers, files });
}

/** The findings among `count` images, and one of the images that were right. */
export async function judgeCuts(
  search: Search,
  records: readonly TraceRecord[],
  count: number,
): Promise<{ findings: string[]; sample: Image | undefined }> {
  const findings: string[] = [];
  let sample: Image | undefined;
  for (const image of cutImages(records, planCuts(records, count, search.seed), search.files)) {
    const problems = await judgeImage(search, image);
    if (problems.any) {
      findings.push(`${replayCommand(search.base, image.plan)}\n${String(problems)}`);
    } else if (image.plan.seed % 3 === 0) sample = image;
  }
  return { findings, sample };
}

async function judgeImage(search: Search, image: Image): Promise<Problems> {
  const folder = join(search.base, 'image');
  writeFiles(folder, image.files);
  const said = { seed: search.seed, acks: acksOf(search, image), relaxedMayBeLost: true };
  const { problems } = await verifyStore(folder, said);
  return problems;
}

/** Everything that had been acknowledged when the power failed. */
export function acksOf(search: Search, image: Image): Map<string, readonly Ack[]> {
  return new Map([...search.acks, ...parseAcks(image.acks)]);
}

/** A search that begins on an image of another: its writers recover first. */
export function continued(search: Search, image: Image, base: string, writer: string): Search {
  const acks = new Map<string, readonly Ack[]>();
  for (const [name, lines] of acksOf(search, image)) acks.set(name, durableAcks(lines));
  return { ...search, base, writers: [writer], proposals: 120, files: image.files, acks };
}

function replayCommand(base: string, { cut, survival, seed }: CutPlan): string {
  const replay = relative(process.cwd(), join(import.meta.dirname, 'replay.ts'));
  return `node ${replay} ${base} ${cut} ${survival} ${seed}`;
}

/** Makes one image of a search that was kept, and judges it. */
export async function replayCut(base: string, plan: CutPlan): Promise<[Image, Problems]> {
  const kept = JSON.parse(readFileSync(join(base, 'search.json'), 'utf8')) as {
    seed: number;
    acks: [string, Ack[]][];
  };
  const names = readdirSync(join(base, 'files'));
  const files = new Map(names.map((name) => [name, readFileSync(join(base, 'files', name))]));
  const acks = new Map(kept.acks);
  const search = { base, seed: kept.seed, writers: [], proposals: 0, files, acks };
  const records = parseTrace(readFileSync(join(base, 'trace')));
  for (const image of cutImages(records, [plan], files)) {
    return [image, await judgeImage(search, image)];
  }
  throw new Error('the plan made no image');
}
