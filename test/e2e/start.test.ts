/** `npm start`: what it prints to try works. */
import { join } from 'node:path';
import { promisify } from 'node:util';
import { exec } from 'node:child_process';
import { expect, test } from 'vitest';
import { start, temporaryFolder } from './command.ts';

const run = promisify(exec);

test('every curl line that it prints works', async () => {
  const path = join(await temporaryFolder(), 'airline.db');
  const child = start('examples/airline/serve.ts', ['--store', `file:${path}`, '--port', '0']);
  let out = '';
  child.stdout!.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await expect.poll(() => out, { timeout: 60_000 }).toContain('npm run airline');
  const curls = out.split('\n').filter((line) => line.trim().startsWith('curl'));
  expect(curls.length).toBeGreaterThan(5);
  for (const line of curls.filter((one) => !one.includes('-N'))) {
    const { stdout } = await run(line.trim().replace('curl', 'curl -sf'));
    expect(stdout).not.toBe('');
  }
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
});
