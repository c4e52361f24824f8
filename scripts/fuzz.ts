/**
 * `npm run fuzz -- --runs N --seed S`: searches for a history that breaks a promise.
 *
 * Runs the searching projects with N times the care. The tests take their number of
 * runs and their seed from `HOLDFAST_FUZZ_RUNS` and `HOLDFAST_FUZZ_SEED`; a seed that is not given
 * is drawn here and printed, so that any failure can be replayed.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';

const projects = ['model', 'robustness', 'postgres', 'redis', 'served'];

const usage = 'usage: npm run fuzz -- [--runs N] [--seed S] [vitest filter …]';

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    console.error(`--${name} takes a whole number, not '${text}'\n${usage}`);
    process.exit(2);
  }
  return value;
}

const { values, positionals } = parseArgs({
  options: { runs: { type: 'string', default: '1000' }, seed: { type: 'string' } },
  allowPositionals: true,
});
const runs = wholeNumber('runs', values.runs);
const seed = wholeNumber('seed', values.seed ?? String(randomInt(2 ** 31)));
const replay = ['npm run fuzz --', `--runs ${runs}`, `--seed ${seed}`, ...positionals].join(' ');

console.log(`fuzz: ${runs} runs, seed ${seed}`);
const root = join(import.meta.dirname, '..');
const result = spawnSync(
  'vitest',
  ['run', ...projects.flatMap((name) => ['--project', name]), ...positionals],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}`,
      HOLDFAST_FUZZ_RUNS: String(runs),
      HOLDFAST_FUZZ_SEED: String(seed),
    },
  },
);
const passed = result.status === 0;
console.log(`\nfuzz ${passed ? 'passed' : 'FAILED'}: seed ${seed}\nreplay: ${replay}`);
process.exitCode = passed ? 0 : 1;
