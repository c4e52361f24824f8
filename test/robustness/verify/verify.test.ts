/**
 * Proves the verifier: a store that keeps its promises passes, and each broken promise is found.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAcks } from '../load/acks.ts';
import type { Ack } from '../load/acks.ts';
import { storePath } from '../load/store.ts';
import { verifyStore } from './verify.ts';

const seed = 5;
const base = mkdtempSync(join(tmpdir(), 'holdfast-verify-'));
const sound = join(base, 'sound');
let acks = new Map<string, Ack[]>();

beforeAll(() => {
  const script = join(import.meta.dirname, '..', 'load', 'writer.ts');
  mkdirSync(sound);
  const args = [script, sound, 'w0', String(seed), '200'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(stderr.trim()).toBe('');
  expect(status).toBe(0);
  acks = readAcks(sound);
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

async function problemsAfter(damage: string, said = acks): Promise<string> {
  const folder = join(base, 'damaged');
  rmSync(folder, { recursive: true, force: true });
  cpSync(sound, folder, { recursive: true });
  using database = new DatabaseSync(storePath(folder));
  database.exec(damage);
  database.close();
  const verdict = await verifyStore(folder, { seed, acks: said, relaxedMayBeLost: false });
  return String(verdict.problems);
}

const of = (scope: string) => `scope IN (SELECT id FROM scope WHERE name = '${scope}')`;

describe('the verifier', () => {
  test('finds nothing in a store that keeps its promises', async () => {
    expect(await problemsAfter('')).toBe('');
  });

  const damages = [
    ['half a commit', `DELETE FROM entry WHERE ${of('left')}`, 'lost or outlived its twin'],
    ['a lost value', `UPDATE entry SET content = '1' WHERE ${of('items-0')}`, 'not what the log'],
    ['a lost entry', `DELETE FROM entry WHERE ${of('counters')}`, 'counters/counter-0 is missing'],
    [
      'a lost stretch of log',
      'DELETE FROM log WHERE time > (SELECT avg(time) FROM log)',
      'is lost',
    ],
    ['a wrong count', `UPDATE scope SET entries = entries + 1 WHERE name = 'many'`, 'many says'],
    ['a wrong balance', `UPDATE entry SET content = '7' WHERE ${of('accounts')}`, 'sum to'],
    ['an entry that stays', `UPDATE entry SET expires_at = 1 WHERE ${of('profiles')}`, 'profiles/'],
  ] as const;
  for (const [what, damage, finding] of damages) {
    test(`finds ${what}`, async () => {
      expect(await problemsAfter(damage)).toContain(finding);
    });
  }

  test('finds an acknowledgement that nothing stands behind', async () => {
    const lines = acks.get('w0')!;
    const forged = lines.map((ack) =>
      ack.kind === 'committed' && ack.durability === 'sync' ? { ...ack, revision: 1e6 } : ack,
    );
    expect(await problemsAfter('', new Map([['w0', forged]]))).toContain('was acknowledged as');
  });
});
