/** Whether examples compile as TypeScript, as strictly as the sources. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { doors, root } from './doors.ts';

/** What the compiler says of these files, by their names, and nothing of those they import. */
export function compileErrors(files: Readonly<Record<string, string>>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-examples-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const paths = Object.entries(doors).map(([name, source]) => [name, [join(root, source)]]);
    const compilerOptions = {
      lib: ['esnext'],
      noUnusedLocals: false,
      rewriteRelativeImportExtensions: false,
      noImplicitReturns: false,
      rootDir: '/',
      paths: Object.fromEntries(paths) as Record<string, string[]>,
      typeRoots: [join(root, 'node_modules', '@types')],
    };
    const config = { extends: join(root, 'tsconfig.json'), compilerOptions };
    const names = Object.keys(files);
    const text = JSON.stringify({ ...config, files: names, include: [] });
    writeFileSync(join(folder, 'tsconfig.json'), text);
    const lines = compilerOutput(folder).split('\n');
    // The sources are judged where they are; a broken neighbour is no fault of an example.
    return lines.filter((line) => names.some((name) => line.includes(`${name}(`)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function compilerOutput(folder: string): string {
  const tsc = join(root, 'node_modules', '.bin', 'tsc');
  try {
    return execFileSync(tsc, ['--noEmit', '-p', folder], { encoding: 'utf8' });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
