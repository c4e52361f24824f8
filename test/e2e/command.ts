/** Runs the command line and the example as a user does: as processes, on files. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-e2e-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export function start(script: string, args: readonly string[]): ChildProcess {
  const env = { ...process.env, NO_COLOR: '1', HOLDFAST_STORE: undefined };
  return spawn(process.execPath, [join(root, script), ...args], { env });
}

export async function ended(child: ChildProcess, input?: string | Uint8Array): Promise<Ended> {
  child.stdin?.end(input);
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [out, error] = await Promise.all([buffer(child.stdout!), buffer(child.stderr!)]);
  return { code: await code, out: out.toString(), error: error.toString() };
}

/** A store file and the commands on it. */
export class CommandLine {
  readonly store: string;

  constructor(store: string) {
    this.store = store;
  }

  static async inTemporaryFolder(): Promise<CommandLine> {
    return new CommandLine(join(await temporaryFolder(), 'store.db'));
  }

  start(...args: string[]): ChildProcess {
    return start('src/cli/main.ts', ['--store', this.store, ...args]);
  }

  run(...args: string[]): Promise<Ended> {
    return ended(this.start(...args));
  }

  runWith(input: string | Uint8Array, ...args: string[]): Promise<Ended> {
    return ended(this.start(...args), input);
  }

  /** The lines of a command that must succeed, parsed. */
  async lines(...args: string[]): Promise<Record<string, unknown>[]> {
    const { code, out, error } = await this.run(...args);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${error}`);
    return linesOf(out);
  }
}

export function linesOf(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Runs `body` while `write` is called over and over. Returns how often it was. */
export async function whileWriting(
  write: (index: number) => Promise<unknown>,
  body: () => Promise<void>,
): Promise<number> {
  const end = new AbortController();
  const writing = (async () => {
    for (let index = 0; ; index += 1) {
      if (end.signal.aborted) return index;
      await write(index);
    }
  })();
  try {
    await body();
  } finally {
    end.abort();
  }
  return writing;
}
