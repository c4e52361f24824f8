/** `holdfast serve`, started as a user starts it: a process, known by the URL that it prints. */
import { expect, onTestFinished } from 'vitest';
import { ended, linesOf, start } from './command.ts';

export interface Serving {
  readonly url: string;
  /** Whether it asks for tokens. */
  readonly auth: string;
  /** What it logged so far. */
  log(): Record<string, unknown>[];
  hangup(): void;
  /** Lets it drain. */
  stop(): Promise<number | null>;
}

export async function serving(args: readonly string[]): Promise<Serving> {
  const child = start('src/cli/main.ts', ['--json', 'serve', ...args]);
  onTestFinished(() => void child.kill('SIGKILL'));
  let out = '';
  let error = '';
  child.stdout!.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr!.on('data', (chunk: Buffer) => (error += chunk.toString()));
  await expect.poll(() => out + error, { timeout: 60_000 }).toContain('\n');
  if (out === '') throw new Error(error);
  const { url, auth } = JSON.parse(out) as { url: string; auth: string };
  return {
    url,
    auth,
    log: () => linesOf(error.slice(0, error.lastIndexOf('\n') + 1)),
    hangup: () => void child.kill('SIGHUP'),
    async stop() {
      child.kill('SIGTERM');
      return (await ended(child)).code;
    },
  };
}
