import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { limits } from './limits.ts';

test('docs/limits.md names every limit, with its value and in the same order', () => {
  const page = readFileSync(new URL('../../docs/limits.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| ([\d,]+) \|/gm)];
  const documented = rows.map(([, name, value]) => [name, Number(value?.replaceAll(',', ''))]);
  expect(documented).toEqual(Object.entries(limits));
});
