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

/** How each process ends: it may do so before anybody asks. */
const endings = new WeakMap<ChildProcess, Promise<Ended>>();

export function start(script: string, args: readonly string[]): ChildProcess {
  const env = { ...process.env, NO_COLOR: '1', HOLDFAST_STORE: undefined };
  const child = spawn(process.execPath, [join(root, script), ...args], { env });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  // Whoever closes a stream has no more use for it.
  const outputs = Promise.all(
    [child.stdout, child.stderr].map((stream) => {
      return buffer(stream).catch(() => Buffer.alloc(0));
    }),
  );
  const ending = Promise.all([closed, outputs]).then(([code, [out, error]]) => {
    return { code, out: String(out), error: String(error) };
  });
  endings.set(child, ending);
  return child;
}

export function ended(child: ChildProcess, input?: string | Uint8Array): Promise<Ended> {
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  return endings.get(child)!;
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
