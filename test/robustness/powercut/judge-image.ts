/** Verifies one image, and says how to make it again. */
import { relative } from 'node:path';
import { parseAcks } from '../load/acks.ts';
import type { Problems } from '../verify/problems.ts';
import { verifyStore } from '../verify/verify.ts';
import { writeImage } from './images.ts';
import type { CutPlan, Image } from './images.ts';

export async function judgeImage(folder: string, image: Image, seed: number): Promise<Problems> {
  writeImage(folder, image);
  const acks = parseAcks(image.acks);
  const { problems } = await verifyStore(folder, { seed, acks, relaxedMayBeLost: true });
  return problems;
}

export function replayCommand(base: string, seed: number, plan: CutPlan): string {
  const script = relative(process.cwd(), `${import.meta.dirname}/replay.ts`);
  return `node ${script} ${base} ${seed} ${plan.cut} ${plan.survival} ${plan.seed}`;
}
