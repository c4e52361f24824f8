/**
 * The test projects. Each is a way of proving something, so each can be run alone:
 * `npx vitest run --project model`.
 *
 * `npm run check` runs `unit` and `contract`, which need no server; `npm test` runs them all.
 */
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { ClosingReporter } from './scripts/closing-reporter.ts';

/** `npm run fuzz` lengthens the searching projects; each test reads its own share of the runs. */
const fuzzing = process.env['HOLDFAST_FUZZ_RUNS'] !== undefined;

function project(name: string, include: string[], testTimeout = 30_000) {
  return { extends: true as const, test: { name, include, testTimeout, hookTimeout: testTimeout } };
}

/** Tests that need a server of their own, which their setup starts; not part of `npm run check`. */
function serverProject(name: string, testTimeout: number) {
  const { extends: base, test } = project(name, [`test/${name}/**/*.test.ts`], testTimeout);
  return { extends: base, test: { ...test, globalSetup: `./test/servers/${name}.setup.ts` } };
}

const searchTimeout = fuzzing ? 24 * 60 * 60 * 1000 : 120_000;

export default defineConfig({
  test: {
    globals: false,
    pool: 'forks',
    // Every core: on two, the default would leave one idle.
    maxWorkers: '100%',
    passWithNoTests: true,
    // Hundreds of processes are started from source: each finds compiled what the first compiled.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/holdfast') },
    // On a busy machine, what comes soon may take its time.
    expect: { poll: { timeout: 20_000 } },
    reporters: ['default', new ClosingReporter()],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: ['**/*.contract.test.ts'],
          testTimeout: 30_000,
        },
      },
      project('contract', ['src/**/*.contract.test.ts', 'test/contract/**/*.test.ts'], 60_000),
      project('model', ['test/model/**/*.test.ts'], searchTimeout),
      project('robustness', ['test/robustness/**/*.test.ts'], searchTimeout),
      serverProject('postgres', searchTimeout),
      serverProject('redis', searchTimeout),
      project('protocol', ['test/protocol/**/*.test.ts'], 30_000),
      project('served', ['test/served/**/*.test.ts'], fuzzing ? searchTimeout : 120_000),
      project('e2e', ['test/e2e/**/*.test.ts'], 120_000),
      project('regressions', ['test/regressions/**/*.test.ts'], 120_000),
      project('examples', ['test/examples/**/*.test.ts'], 120_000),
      {
        extends: true,
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            checker: 'tsc',
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: './tsconfig.json',
          },
        },
      },
    ],
  },
});
