/** `--config`: what a command writes is held to the rules of the file that names the store. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ended, linesOf, start, temporaryFolder } from './command.ts';

function run(args: readonly string[], input?: string) {
  return ended(start('src/cli/main.ts', args), input);
}

async function configured() {
  const folder = await temporaryFolder();
  const file = join(folder, 'holdfast.yaml');
  const store = `file:${join(folder, 'state.db')}`;
  const text = `
store: { url: "${store}", retention: { ms: 1 } }
apps:
  default:
    quota: { entries: 3 }
    retention: { ms: 1, bytes: 1 }
    scopes:
      users: { schema: { type: object, required: [name] } }
      visits: { ttlMs: 60000 }`;
  await writeFile(file, text);
  return { folder, file, store, on: ['--config', file] };
}

test('schema, time to live and quota of the file hold for every command that writes', async () => {
  const { folder, store, on } = await configured();
  const refused = await run([...on, 'set', 'users', 'ada', '1']);
  expect(refused).toMatchObject({ code: 4 });
  expect(refused.error).toContain('schema_mismatch');
  expect(await run(['set', 'users', 'ada', '{"name":"Ada"}', ...on])).toMatchObject({ code: 0 });
  const operation = '{"op":"remove","path":"/name"}';
  expect(await run([...on, 'update', 'users', 'ada', operation])).toMatchObject({ code: 4 });
  await run([...on, 'set', 'visits', 'v', '1']);
  const [visit] = linesOf((await run([...on, 'get', 'visits', 'v', '--entry'])).out);
  expect(Number(visit?.['expiresAt']) - Number(visit?.['createdAt'])).toBe(60_000);
  const lines = '{"scope":"s","key":"a","value":1}\n{"scope":"s","key":"b","value":1}\n';
  const full = await run([...on, 'import', '-'], lines);
  expect(full.code).not.toBe(0);
  expect(full.error).toContain('quota_exceeded');
  const other = `file:${join(folder, 'other.db')}`;
  await run(['--store', other, 'set', 'users', 'bob', '"no object"']);
  expect((await run([...on, 'copy', other, store])).code).toBe(4);
  expect((await run([...on, 'copy', store, `${other}.copy`])).code).toBe(0);
});

test('a command is a guest: it forgets nothing of the log, whatever the file says', async () => {
  const { on } = await configured();
  for (const value of [1, 2, 3]) await run([...on, 'set', 'visits', 'v', String(value)]);
  expect(linesOf((await run([...on, 'log'])).out)).toHaveLength(3);
});

test('what does not go together, or is no config, is refused with 2', async () => {
  const { folder, file, on } = await configured();
  const both = await run([...on, '--store', 'memory:', 'stats']);
  expect(both).toMatchObject({ code: 2 });
  expect(both.error).toContain('names the store; leave --store out');
  expect(await run(['--config', join(folder, 'none.yaml'), 'stats'])).toMatchObject({ code: 2 });
  expect(await run([...on, 'copy', 'file:/a', 'file:/b'])).toMatchObject({ code: 2 });
  expect(linesOf((await run([...on, 'config', 'check'])).out)).toMatchObject([{ file }]);
  await writeFile(file, 'stor: 1\n');
  const wrong = await run([...on, 'get', 's', 'k']);
  expect(wrong).toMatchObject({ code: 2 });
  expect(wrong.error).toContain("did you mean 'store'?");
});
