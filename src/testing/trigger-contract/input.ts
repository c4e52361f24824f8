/** Wrong inputs: one clear error at the door, and no trigger. */
import { expect } from 'vitest';
import type { LayerContract } from '../layer-world.ts';

const wrong: Readonly<Record<string, object>> = {
  'a key without a scope': { key: 'k' },
  'a key and a prefix': { scope: 's', key: 'k', prefix: 'k' },
  'the scope of a layer': { scope: '$list/a' },
  'an unknown kind': { kinds: ['changed'] },
  'a pattern of something else': { when: { value: 1 } },
  'no concurrency': { concurrency: 0 },
  'no attempt': { retry: { attempts: 0 } },
  'half a millisecond': { timeoutMs: 0.5 },
};

export function triggerInputContract(contract: LayerContract): void {
  for (const [what, options] of Object.entries(wrong)) {
    contract.test(`${what} is refused`, async ({ app }) => {
      const started = app.trigger('t', options, () => undefined);
      await expect(started).rejects.toMatchObject({ code: 'invalid_argument' });
      expect(await app.triggers.list()).toEqual([]);
    });
  }

  contract.test('a name that breaks the rules is refused', async ({ app }) => {
    for (const name of ['', 'a/b', 'x'.repeat(65), 'ä']) {
      await expect(app.trigger(name, {}, () => undefined)).rejects.toMatchObject({
        code: 'invalid_name',
      });
    }
  });
}
