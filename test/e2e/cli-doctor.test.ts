/** Doctor finds what was broken by hand, each rule by its name, and nothing in a sound store. */
import { open as openFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { pageBytes, revisionBits } from '../../src/engine/sqlite/schema.ts';
import { open } from '../../src/index.ts';
import { CommandLine, linesOf, whileWriting } from './command.ts';

const large = (seed: string): { text: string } => ({ text: seed.repeat(3000) });

/** A store with all that rules are about: large values, differences, expiry, deletes, two apps. */
async function sample(): Promise<CommandLine> {
  const cli = await CommandLine.inTemporaryFolder();
  await using store = await open(`file:${cli.store}`);
  const users = store.scope('users');
  for (let index = 0; index < 20; index += 1) await users.set(`u${index}`, { index });
  for (let index = 0; index < 20; index += 2)
    await users.update(`u${index}`, [{ op: 'increment', path: '/index' }]);
  await users.deleteMany(['u3', 'u5']);
  await users.set('photo', Uint8Array.of(1, 2, 3));
  const documents = store.scope('documents');
  await documents.set('one', large('ab'));
  await documents.update('one', [{ op: 'set', path: '/title', value: 'T' }]);
  await documents.set('two', large('cd'));
  await documents.set('two', large('ef'));
  await store.scope('sessions').set('s1', 1, { ttlMs: 3_600_000 });
  await store.list('messages').append('a', 'b');
  await store.app('second').scope('s').set('k', 1);
  return cli;
}

const entryOf = (key: string) =>
  `scope = (SELECT id FROM scope WHERE name = 'users') AND key = '${key}'`;

const headRow = `name = '' AND ledger = (SELECT id FROM ledger WHERE name = 'default')`;
const logRow = (last: number) =>
  `id = ((SELECT id FROM ledger WHERE name = 'default') << ${revisionBits} | ${last})`;

const damages: readonly (readonly [rule: string, sql: string])[] = [
  ['scope_counts', `UPDATE scope SET entries = entries + 1 WHERE name = 'users'`],
  ['scope_counts', `DELETE FROM entry WHERE ${entryOf('u1')}`],
  ['ledger_counts', `UPDATE scope SET bytes = bytes - 1 WHERE ${headRow}`],
  ['entry_value', `UPDATE entry SET content = '{"index":' WHERE ${entryOf('u1')}`],
  ['entry_size', `UPDATE entry SET size = size + 1 WHERE ${entryOf('u1')}`],
  ['entry_version', `UPDATE entry SET version = 100000 WHERE ${entryOf('u1')}`],
  ['log_fold', `UPDATE entry SET content = '{"index":7}' WHERE ${entryOf('u1')}`],
  ['log_fold', `UPDATE entry SET version = version - 1 WHERE ${entryOf('u2')}`],
  ['log_fold', `DELETE FROM entry WHERE ${entryOf('u1')}`],
  ['log_fold', `UPDATE entry SET expires_at = 4000000000000 WHERE ${entryOf('u1')}`],
  ['log_chain', `DELETE FROM log WHERE ${logRow(1)}`],
  ['log_size', `UPDATE scope SET log_bytes = log_bytes + 5 WHERE ${headRow}`],
  ['log_order', `UPDATE log SET first = 1 WHERE ${logRow(9)}`],
  ['log_order', `UPDATE log SET body = 'x' WHERE ${logRow(9)}`],
  ['incarnations', `UPDATE scope SET incarnation = 'another' WHERE ${headRow}`],
  [
    'value_missing',
    `DELETE FROM entry WHERE rowid_of_values AND key = (SELECT min(key) FROM entry WHERE rowid_of_values)`,
  ],
  [
    'value_orphan',
    `INSERT INTO entry SELECT scope, 'orphan', version, created_at, updated_at, expires_at, schema,
      size, external, content FROM entry WHERE rowid_of_values LIMIT 1`,
  ],
  ['unswept', `UPDATE entry SET expires_at = 1000 WHERE key = 's1'`],
];

const valuesOf = `scope = (SELECT id FROM scope WHERE name = '$ledger/values')`;

describe('doctor', () => {
  test('finds nothing in a sound store', async () => {
    const cli = await sample();
    const { code, out } = await cli.run('doctor');
    expect(linesOf(out)).toMatchObject([{ problems: 0, apps: 2 }]);
    expect(code).toBe(0);
    expect((await cli.run('doctor', '--table')).out).toMatch(/^sound: 2\d entries of 2 apps/);
  });

  test('finds nothing while another process writes', async () => {
    const cli = await sample();
    await using store = await open(`file:${cli.store}`);
    const write = async (index: number) => {
      await store.scope('users').set(`w${index % 50}`, large(String(index)), { ttlMs: 20 });
      await store.scope('documents').update('one', [{ op: 'set', path: '/n', value: index }]);
      await store.scope('users').delete(`w${(index * 7) % 50}`);
    };
    const writes = await whileWriting(write, async () => {
      for (let round = 0; round < 2; round += 1) {
        expect(linesOf((await cli.run('doctor')).out)).toMatchObject([{ problems: 0 }]);
      }
    });
    expect(writes).toBeGreaterThan(10);
  });

  test.for(damages)('%s: %s', async ([rule, sql]) => {
    const cli = await sample();
    const database = new DatabaseSync(cli.store);
    const { changes } = database.prepare(sql.replaceAll('rowid_of_values', valuesOf)).run();
    expect(changes).toBeGreaterThan(0);
    database.close();
    const { code, out } = await cli.run('doctor');
    const findings = linesOf(out);
    expect(findings.map((finding) => finding['rule'])).toContain(rule);
    expect(code).toBe(6);
  });

  test('a page that is damaged is told by the engine', async () => {
    const cli = await sample();
    const database = new DatabaseSync(cli.store);
    const row = database.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'entry_expiry'`);
    const page = Number(row.get()?.['rootpage']);
    database.close();
    const file = await openFile(cli.store, 'r+');
    await file.write(Buffer.alloc(100, 0xee), 0, 100, (page - 1) * pageBytes);
    await file.close();
    const { code, out, error } = await cli.run('doctor');
    expect(code).not.toBe(0);
    expect(out + error).toMatch(/"rule":"engine"|store_corrupt/);
  });
});
