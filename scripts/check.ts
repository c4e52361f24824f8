/**
 * `npm run check`: everything that a change must pass before it is worth a reader's time.
 *
 * The static steps run side by side and speak only when they fail or warn; the fast tests follow
 * even when a static step failed, so that one run shows everything there is to fix.
 */
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { performance } from 'node:perf_hooks';

/** A test that never yields cannot be timed out from within. */
const stepTimeoutMs = 5 * 60_000;

interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** What a reader can type to repair or repeat it. */
  readonly hint: string;
}

interface Outcome {
  readonly step: Step;
  readonly passed: boolean;
  readonly seconds: number;
  readonly output: string;
}

const root = join(import.meta.dirname, '..');
const path = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}`;

const staticSteps: readonly Step[] = [
  { name: 'format', command: 'oxfmt', args: ['--check'], hint: 'npm run format' },
  { name: 'lint', command: 'oxlint', args: [], hint: 'npx oxlint' },
  { name: 'types', command: 'tsc', args: ['--noEmit'], hint: 'npx tsc' },
  { name: 'tidy', command: 'node', args: ['scripts/tidy.ts'], hint: 'npm run tidy' },
];

const tests: Step = {
  name: 'tests',
  command: 'vitest',
  args: ['run', '--project', 'unit', '--project', 'contract'],
  hint: 'npx vitest run --project unit --project contract',
};

function run(step: Step, stdio: 'pipe' | 'inherit'): Promise<Outcome> {
  const startedAt = performance.now();
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    const child = spawn(step.command, step.args, {
      cwd: root,
      env: { ...process.env, PATH: path },
      stdio: ['ignore', stdio, stdio],
      timeout: stepTimeoutMs,
    });
    function finish(passed: boolean): void {
      const seconds = (performance.now() - startedAt) / 1000;
      resolve({ step, passed, seconds, output: Buffer.concat(chunks).toString('utf8').trim() });
    }
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error) => {
      chunks.push(Buffer.from(error.message));
      finish(false);
    });
    child.on('close', (code) => finish(code === 0));
  });
}

function hasNews({ step, passed, output }: Outcome): boolean {
  return !passed || (step.name === 'tidy' && /:\d+ warning /.test(output));
}

function summaryLine({ step, passed, seconds }: Outcome): string {
  const verdict = passed ? 'ok    ' : 'FAILED';
  const stuck = seconds * 1000 >= stepTimeoutMs ? 'never ended; ' : '';
  const hint = passed ? '' : `  (${stuck}${step.hint})`;
  return `  ${verdict} ${step.name.padEnd(8)}${seconds.toFixed(1).padStart(6)} s${hint}`;
}

const startedAt = performance.now();
const outcomes = await Promise.all(staticSteps.map((step) => run(step, 'pipe')));
for (const outcome of outcomes.filter(hasNews)) {
  console.log(`--- ${outcome.step.name}\n${outcome.output}\n`);
}
outcomes.push(await run(tests, 'inherit'));

const passed = outcomes.every((outcome) => outcome.passed);
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
console.log(`\n${outcomes.map(summaryLine).join('\n')}`);
console.log(`check ${passed ? 'passed' : 'FAILED'} in ${seconds} s`);
process.exitCode = passed ? 0 : 1;
