/**
 * P1, P2, P5 through a power cut: a writer loads a store while every write and sync is traced, and the
 * disk is rebuilt as it could be at random moments. Each image must open and keep every promise.
 *
 * `npm run fuzz -- --runs N` makes N images. A finding names its trace, which stays on the disk, and the
 * command that makes the same image again.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { seededRandom } from '../../src/internal/random.ts';
import { cutImages, planCuts } from './powercut/images.ts';
import { powerCutTest } from './powercut/power-cut-test.ts';
import { judgeImage, replayCommand } from './powercut/judge-image.ts';
import { runTraced } from './powercut/traced-run.ts';
import { runCount, runSeed } from './runs.ts';

const imagesPerTrace = 60;
const proposalsPerTrace = 500;
const writer = join(import.meta.dirname, 'load', 'writer.ts');

/** The findings among `count` images of one traced run. */
async function searchTrace(seed: number, count: number): Promise<string[]> {
  const base = mkdtempSync(join(tmpdir(), `holdfast-power-cut-${seed}-`));
  const records = await runTraced(base, writer, ['w0', String(seed), String(proposalsPerTrace)]);
  const findings: string[] = [];
  for (const image of cutImages(records, planCuts(records, count, seed))) {
    const problems = await judgeImage(join(base, 'image'), image, seed);
    if (!problems.any) continue;
    findings.push(`${replayCommand(base, seed, image.plan)}\n${String(problems)}`);
  }
  if (findings.length === 0) rmSync(base, { recursive: true, force: true });
  return findings;
}

describe('a power cut', () => {
  const images = runCount(imagesPerTrace);
  powerCutTest(`leaves every promise kept, in ${images} images (seed ${runSeed})`, async () => {
    const random = seededRandom(runSeed);
    for (let done = 0; done < images; done += imagesPerTrace) {
      const seed = Math.floor(random.float() * 2 ** 31);
      const findings = await searchTrace(seed, Math.min(imagesPerTrace, images - done));
      expect(findings.slice(0, 3).join('\n'), `${findings.length} images are wrong`).toBe('');
    }
  });
});
