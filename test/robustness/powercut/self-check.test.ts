/**
 * Proves the harness before it proves anything else: a writer that does not sync must be caught,
 * one that does must pass.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect } from 'vitest';
import { wholeLines } from '../load/acks.ts';
import { cutImages, planCuts, writeFiles } from './images.ts';
import { powerCutTest } from './power-cut-test.ts';
import { runTraced } from './traced-run.ts';

interface Losses {
  images: number;
  lostImages: number;
  damagedImages: number;
}

/** Rows 1..n were acknowledged in order: all of them must be there, and whole. */
function judge(folder: string, acknowledged: number, losses: Losses): void {
  losses.images += 1;
  using database = new DatabaseSync(join(folder, 'bare.db'));
  try {
    const [verdict] = database.prepare('PRAGMA integrity_check').all();
    if (verdict?.['integrity_check'] !== 'ok') losses.damagedImages += 1;
    else if (countRows(database) < acknowledged) losses.lostImages += 1;
  } catch {
    losses.damagedImages += 1;
  }
}

function countRows(database: DatabaseSync): number {
  const table = database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'rows'`).get();
  if (table === undefined) return 0;
  return Number(database.prepare('SELECT count(*) AS n FROM rows').get()?.['n']);
}

async function lossesWith(synchronous: string): Promise<Losses> {
  const base = mkdtempSync(join(tmpdir(), 'holdfast-self-check-'));
  try {
    const script = join(import.meta.dirname, 'bare-writer.ts');
    const writers = [[synchronous, '120']];
    const records = await runTraced({ base, script, writers, files: new Map() });
    const losses = { images: 0, lostImages: 0, damagedImages: 0 };
    const folder = join(base, 'image');
    for (const image of cutImages(records, planCuts(records, 48, 7))) {
      writeFiles(folder, image.files);
      judge(folder, wholeLines(image.acks.get('acks-bare') ?? '').length, losses);
    }
    return losses;
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

describe('the power-cut harness', () => {
  powerCutTest('catches synchronous=OFF: it loses acknowledged rows', async () => {
    const losses = await lossesWith('OFF');
    expect(losses.lostImages).toBeGreaterThan(losses.images / 8);
  });

  powerCutTest(
    'catches synchronous=NORMAL: it loses acknowledged rows, and damages nothing',
    async () => {
      const losses = await lossesWith('NORMAL');
      expect(losses.lostImages).toBeGreaterThan(losses.images / 8);
      expect(losses.damagedImages).toBe(0);
    },
  );

  powerCutTest('passes synchronous=FULL: no image loses or damages anything', async () => {
    const losses = await lossesWith('FULL');
    expect(losses).toEqual({ images: 48, lostImages: 0, damagedImages: 0 });
  });
});
