/**
 * Found by the kill harness as "large value … is named but not stored": a decision that came too
 * late for an entry's expiry was made again without what the work had needed the first time.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { View } from '../../src/engine/index.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { openFile, temporaryFolder } from './temporary-store.ts';

const decision = {
  kind: 'decision',
  revisions: 0,
  writes: [],
  scopes: [],
  log: undefined,
} as const;

test('a decision that is made again sees everything that it has asked for', async () => {
  const clock = new ManualClock();
  const { engine } = await openFile(join(temporaryFolder(), 'store.db'), clock);
  const seen: number[] = [];
  function decide(view: View) {
    seen.push(view.entries.length);
    if (seen.length === 1) {
      return { kind: 'need', reads: { refs: [{ scope: 's', key: 'b' }], scopes: [] } } as const;
    }
    const validUntil = view.time + 1;
    if (seen.length === 2) clock.advance(5);
    return { ...decision, validUntil };
  }
  const work = { ledger: 'app', reads: { refs: [{ scope: 's', key: 'a' }], scopes: [] }, decide };
  const stamp = { member: 'member', sequence: 1 };
  await engine.transact([work], { stamp, durability: 'sync' });
  expect(seen).toEqual([1, 2, 2]);
});
