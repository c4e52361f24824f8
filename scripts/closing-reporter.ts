/**
 * Ends every test run with one plain line, `N passed, N failed, N skipped`, for machines to read.
 *
 * Above it, each skipped test with its reason: a skip that nobody sees is a promise that nobody
 * checks. A test file that does not load, and an error outside any test, count as failures, so the
 * line never looks green when the exit code is not.
 */
import { writeSync } from 'node:fs';
import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';

export interface Tally {
  passed: number;
  failed: number;
  readonly skips: Skip[];
}

export interface Skip {
  readonly file: string;
  readonly name: string;
  readonly reason: string;
}

/** So many skips of one file for one reason are told one by one; more become one line. */
const namedSkipsMax = 3;

function skipLines(skips: readonly Skip[]): string[] {
  const groups = Map.groupBy(skips, ({ file, reason }) => `${file}\n${reason}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first || group.length <= namedSkipsMax) {
      return group.map(({ file, name, reason }) => `skipped: ${file} > ${name}: ${reason}`);
    }
    return [`skipped: ${first.file} (${group.length} tests): ${first.reason}`];
  });
}

export function closingLines(tally: Tally): string {
  const totals = `${tally.passed} passed, ${tally.failed} failed, ${tally.skips.length} skipped`;
  return `${[...skipLines(tally.skips), totals].join('\n')}\n`;
}

function countTest(tally: Tally, file: string, test: TestCase): void {
  const result = test.result();
  if (result.state === 'passed') tally.passed += 1;
  else if (result.state === 'skipped') {
    const reason = result.note ?? `skipped where it is declared (${test.options.mode})`;
    tally.skips.push({ file, name: test.fullName, reason });
  } else tally.failed += 1;
}

/** A pipe whose reader is slow may take a part only, or nothing yet. */
function writeWhole(text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    }
  }
}

export class ClosingReporter implements Reporter {
  #closing: string | undefined;

  onInit(): void {
    // Other reporters write when the run ends; only the exit comes after all of them.
    process.once('exit', () => {
      if (this.#closing !== undefined) writeWhole(this.#closing);
    });
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const tally: Tally = { passed: 0, failed: unhandledErrors.length, skips: [] };
    for (const module of modules) {
      const file = module.relativeModuleId;
      const failedBefore = tally.failed;
      for (const test of module.children.allTests()) countTest(tally, file, test);
      // The module, or a hook of one of its suites, failed without any test to blame.
      if (!module.ok() && tally.failed === failedBefore) tally.failed += 1;
    }
    this.#closing = closingLines(tally);
  }
}
