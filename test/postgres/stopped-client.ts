/** A process is stopped while it holds a ledger; the others go on, and so does it when it may. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';
import { commit, contentAt, put } from '../../src/testing/engine-contract/writing.ts';
import { open } from './stores.ts';

const script = join(import.meta.dirname, 'clients', 'stopping.ts');

export async function outliveStoppedClient(url: string): Promise<void> {
  const engine = await open(url);
  await commit(engine, 'app', [put('s', 'k', '1')]);
  const child = spawn(process.execPath, [script, url], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('stopping');
    // It holds the ledger, and will not let go of it by itself.
    const { base } = await commit(engine, 'app', [put('s', 'k', '10')]);
    expect(base).toBe(1);
    child.kill('SIGCONT');
    expect((await lines.next()).value).toBe('done applied');
    if (child.exitCode === null) await once(child, 'exit');
  } finally {
    child.kill('SIGKILL');
  }
  expect(await contentAt(engine, 'app', 's', 'k')).toBe('11');
  expect((await engine.read('app', [])).head.revision).toBe(3);
  await engine.close();
}
