/** Builds `shim.c` where it runs, once per version of its source. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const source = join(import.meta.dirname, 'shim.c');

/** Why the shim cannot be built here; undefined if it can. */
export function shimMissing(): string | undefined {
  if (process.platform !== 'linux')
    return `LD_PRELOAD tracing needs Linux, not ${process.platform}`;
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'there is no C compiler: `cc --version` does not run';
  }
}

/** The path of the compiled shim. */
export function shimPath(): string {
  const text = readFileSync(source);
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), `holdfast-shim-${process.getuid?.() ?? 0}`);
  const path = join(folder, `${digest}-${process.arch}.so`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Others may build it at the same time; a rename lets one of them win whole.
  const own = `${path}.${process.pid}`;
  const flags = ['-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC'];
  execFileSync('cc', [...flags, '-o', own, source, '-ldl'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  renameSync(own, path);
  return path;
}
