/** The README's first program prints what the README says that it prints. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const entry = new URL('../../src/index.ts', import.meta.url).pathname;

function block(language: string): string {
  const found = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(readme)?.[1];
  if (found === undefined) throw new Error(`the README has no ${language} block`);
  return found;
}

test('the first program prints its output', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-readme-'));
  try {
    const program = join(folder, 'program.ts');
    writeFileSync(program, block('ts').replace(`'holdfast'`, JSON.stringify(entry)));
    const options = { cwd: folder, encoding: 'utf8' } as const;
    const printed = execFileSync(process.execPath, ['--no-warnings', program], options);
    expect(printed).toBe(block('text'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
