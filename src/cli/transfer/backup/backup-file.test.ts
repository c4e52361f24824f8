/** B2: a backup that is not what was written is found before anything is done with it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { exitCodes } from '../../exit-codes.ts';
import { BackupFile, BackupSeal, backupHeader } from './backup-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-backup-file-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'backup.jsonl');

const head = backupHeader(['one', 'two']);
const entries = [
  '{"app":"one","scope":"s","key":"a","value":{"n":1}}\n',
  '{"app":"one","scope":"s","key":"b","expiresAt":1795246970791,"schema":2,"value":"x"}\n',
  '{"app":"one","scope":"t","key":"a","base64":"AAH/"}\n',
  '{"app":"two","scope":"s","key":"\u{1f600}","value":null}\n',
];

/** With an end that fits the lines. */
function sealed(...lines: readonly string[]): string {
  const seal = new BackupSeal();
  for (const line of lines) seal.add(line);
  return lines.join('') + seal.footer(lines.length - 1);
}

const whole = Buffer.from(sealed(head, ...entries));

function check(content: string | Uint8Array) {
  writeFileSync(path, content);
  return new BackupFile(path).check(() => undefined);
}

const refused = { code: 'bad_input', exitCode: exitCodes.failure };

test('what was written is sound', async () => {
  expect(await check(whole)).toEqual({ apps: ['one', 'two'], entries: 4 });
  const apps: unknown[] = [];
  for await (const { app, key } of new BackupFile(path).entries(new Set(['two']))) {
    apps.push([app, key]);
  }
  expect(apps).toEqual([['two', '\u{1f600}']]);
  expect(await check(sealed(backupHeader([])))).toEqual({ apps: [], entries: 0 });
});

test('cut anywhere, it is damaged', async () => {
  // The line end behind the seal tells nothing.
  for (let length = 0; length < whole.length - 1; length += 1) {
    const error: unknown = await check(whole.subarray(0, length)).catch(
      (reason: unknown) => reason,
    );
    expect([length, error]).toMatchObject([length, refused]);
  }
});

test('with any byte changed, it is damaged', async () => {
  for (let at = 0; at < whole.length - 1; at += 1) {
    const changed = Buffer.from(whole);
    changed[at] = changed[at]! ^ 1;
    const error: unknown = await check(changed).catch((reason: unknown) => reason);
    expect([at, error]).toMatchObject([at, refused]);
  }
});

test.each([
  ['a line is missing', whole.toString().replace(entries[1]!, '')],
  ['a line stands twice', whole.toString().replace(entries[1]!, entries[1]! + entries[1]!)],
  ['another backup was put to its end', Buffer.concat([whole, whole])],
  ['something stands behind its end', `${whole.toString()}{}\n`],
  ['a line is of an app that it does not name', sealed(backupHeader(['one']), ...entries)],
  ['a line is of no app', sealed(head, '{"scope":"s","key":"a","value":1}\n')],
  ['a line is out of order', sealed(head, entries[1]!, entries[0]!)],
  ['an entry stands twice', sealed(head, entries[0]!, entries[0]!)],
  ['a value is none that may be kept', sealed(head, entries[0]!.replace('1', '1e999'))],
  ['its format is to come', sealed(head.replace('"format":1', '"format":9'), ...entries)],
  ['it is no backup', sealed('{"holdfast":{"format":1}}\n', ...entries)],
])('that %s is found, whatever its end says', async (_what, content) => {
  await expect(check(content)).rejects.toMatchObject(refused);
});
