/** The workflow example: what it prints is what happened. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ended, start } from './command.ts';

const recorded =
  process.env['HOLDFAST_DATA'] ?? join(import.meta.dirname, '../../../shared/data/tau-bench');

async function show(...args: readonly string[]): Promise<void> {
  const { code, out, error } = await ended(start('examples/workflow/main.ts', args));
  expect({ code, error }).toEqual({ code: 0, error: '' });
  expect(out).toMatch(/kill -9, after [\d, ]+ messages/);
  expect(out).toMatch(/: running, checkpoint \d+, (user|assistant|tools) is next/);
  expect(out).toMatch(/goes on behind message \d+/);
  const done = out.match(/: done, \d+ messages/g) ?? [];
  expect(done.length).toBeGreaterThanOrEqual(3);
  const [, counted, said] = /together (\d+), and (\d+) answers/.exec(out) ?? [];
  expect(Number(counted)).toBeGreaterThan(0);
  expect(counted).toBe(said);
  expect(out).toMatch(/tried again: stands at message \d+; task-\S+ differs in \d+ places/);
}

describe('the workflow example', () => {
  test('is killed in the middle, and loses and doubles nothing', () => show());

  test.skipIf(!existsSync(join(recorded, 'trajectories.jsonl')))(
    'so do the recorded conversations',
    () => show('--data', recorded, '--conversations', '6', '--pace', '5'),
  );
});
