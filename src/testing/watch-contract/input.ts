/** Wrong inputs: one clear error at the door. */
import { expect } from 'vitest';
import type { AppWatchOptions } from '../../layers/watch/index.ts';
import { origin } from '../../ledger/index.ts';
import type { LayerContract } from '../layer-world.ts';

const wrong: Readonly<Record<string, object>> = {
  'a key without a scope': { key: 'k' },
  'a prefix without a scope': { prefix: 'k' },
  'a key and a prefix': { scope: 's', key: 'k', prefix: 'k' },
  'a snapshot after a position': { snapshot: true, after: origin },
  'an unknown kind': { kinds: ['changed'] },
  'no changes per event': { batchMax: 0 },
  'half a millisecond': { batchMs: 0.5 },
};

export function watchInputContract(contract: LayerContract): void {
  for (const [what, options] of Object.entries(wrong)) {
    contract.test(`${what} is refused`, async ({ app }) => {
      expect(() => app.watch(options as AppWatchOptions)).toThrow(
        expect.objectContaining({ code: 'invalid_argument' }),
      );
    });
  }

  contract.test('names that break the rules are refused', async ({ app }) => {
    for (const place of [{ scope: 'a\0b' }, { scope: 's', key: '' }, { scope: '$ledger/x' }]) {
      expect(() => app.watch(place)).toThrow(expect.objectContaining({ code: 'invalid_name' }));
    }
  });
}
