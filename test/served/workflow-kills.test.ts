/**
 * Workflows over a server, whose processes are killed and stopped; sometimes it is the server that
 * is killed, and comes back while they work.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { killSuite } from '../robustness/workflow/kill-suite.ts';
import type { KilledStore } from '../robustness/workflow/kill-suite.ts';
import { stopSuite } from '../robustness/workflow/stop-suite.ts';
import { freePort } from '../servers/server.ts';

const script = join(import.meta.dirname, 'workflow', 'server.ts');

async function started(path: string, port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [script, path, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

async function newStore(): Promise<KilledStore> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-served-workflow-'));
  const path = join(folder, 'store.db');
  const port = await freePort();
  let server = await started(path, port);
  return {
    url: `http://127.0.0.1:${port}`,
    async killServer() {
      await killed(server);
      server = await started(path, port);
    },
    async remove() {
      await killed(server);
      rmSync(folder, { recursive: true });
    },
  };
}

// Whoever cannot renew while the server is away may find itself replaced.
killSuite('served', { slice: 6, newStore, endings: ['1 fenced'] });
stopSuite('served', newStore);
