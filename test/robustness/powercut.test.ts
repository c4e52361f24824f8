/**
 * P1, P2, P5 through a power cut: writers load a store while every write and sync is traced, and
 * the disk is rebuilt as it could be at random moments. Each image must open and keep every
 * promise. Then a writer goes on with one of the images, traced again: a cut may fall into the
 * recovery, too.
 *
 * `npm run fuzz -- --runs N` makes N images. A finding keeps its search on the disk and names the
 * command that makes the same image again.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { seededRandom } from '../../src/internal/random.ts';
import { powerCutTest } from './powercut/power-cut-test.ts';
import { continued, judgeCuts, trace } from './powercut/search.ts';
import type { Search } from './powercut/search.ts';
import { runCount, runSeed } from './runs.ts';

const firstImages = 45;
const secondImages = 15;

/** The findings of one search and its continuation. */
async function findingsOf(seed: number, writers: readonly string[]): Promise<string[]> {
  const base = mkdtempSync(join(tmpdir(), `holdfast-power-cut-${seed}-`));
  const proposals = 480 / writers.length;
  const first: Search = {
    base: join(base, 'first'),
    seed,
    writers,
    proposals,
    files: new Map(),
    acks: new Map(),
  };
  const { findings, sample } = await judgeCuts(first, await trace(first), firstImages);
  if (sample !== undefined) {
    const second = continued(first, sample, join(base, 'second'), 'next');
    const more = await judgeCuts(second, await trace(second), secondImages);
    findings.push(...more.findings);
  }
  if (findings.length === 0) rmSync(base, { recursive: true, force: true });
  return findings;
}

describe('a power cut', () => {
  const searches = Math.ceil(runCount(firstImages + secondImages) / (firstImages + secondImages));
  const images = searches * (firstImages + secondImages);

  powerCutTest(`leaves every promise kept, in ${images} images (seed ${runSeed})`, async () => {
    const random = seededRandom(runSeed);
    for (let search = 0; search < searches; search += 1) {
      const seed = Math.floor(random.float() * 2 ** 31);
      // Every third store is shared by two processes.
      const writers = search % 3 === 2 ? ['w0', 'w1'] : ['w0'];
      const findings = await findingsOf(seed, writers);
      expect(findings.slice(0, 3).join('\n'), `${findings.length} images are wrong`).toBe('');
    }
  });
});
