import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { closingLines } from './closing-reporter.ts';

const root = join(import.meta.dirname, '..');
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-reporter-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const reporter = JSON.stringify(join(root, 'scripts', 'closing-reporter.ts'));
  writeFileSync(
    join(folder, 'vitest.config.ts'),
    `import { ClosingReporter } from ${reporter};
     export default { test: { reporters: ['default', new ClosingReporter()] } };`,
  );
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The output of a run of one test file, by its last lines. */
function linesOf(testFile: string): { lines: string[]; status: number | null } {
  writeFileSync(join(folder, 'a.test.ts'), `import { test } from 'vitest';\n${testFile}`);
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const run = spawnSync(process.execPath, [vitest, 'run'], { cwd: folder, encoding: 'utf8' });
  return { lines: run.stdout.trimEnd().split('\n'), status: run.status };
}

test('the last line counts tests, after the skips with their reasons', () => {
  const { lines, status } = linesOf(`
    test('passes', () => {});
    test('fails', () => { throw new Error('no'); });
    test('waits', (context) => context.skip('no server here'));
  `);
  expect(lines.slice(-2)).toEqual([
    'skipped: a.test.ts > waits: no server here',
    '1 passed, 1 failed, 1 skipped',
  ]);
  expect(status).toBe(1);
});

test('a file that does not load is a failure', () => {
  const { lines, status } = linesOf(`throw new Error('broken');`);
  expect(lines.at(-1)).toBe('0 passed, 1 failed, 0 skipped');
  expect(status).toBe(1);
});

test('an error outside any test is a failure', () => {
  const { lines, status } = linesOf(`
    test('passes', () => { void Promise.reject(new Error('lost')); });
  `);
  expect(lines.at(-1)).toBe('1 passed, 1 failed, 0 skipped');
  expect(status).toBe(1);
});

test('without skips there is only the one line', () => {
  expect(closingLines({ passed: 2, failed: 0, skips: [] })).toBe('2 passed, 0 failed, 0 skipped\n');
});

test('many skips of one file for one reason share a line', () => {
  const skips = Array.from({ length: 4 }, (_, index) => {
    return { file: 'a.test.ts', name: `n${index}`, reason: 'no server' };
  });
  const [other] = skips.map((skip) => ({ ...skip, reason: 'no clock' }));
  const lines = closingLines({ passed: 0, failed: 0, skips: other ? [...skips, other] : skips });
  expect(lines.split('\n')).toEqual([
    'skipped: a.test.ts (4 tests): no server',
    'skipped: a.test.ts > n0: no clock',
    '0 passed, 0 failed, 5 skipped',
    '',
  ]);
});
