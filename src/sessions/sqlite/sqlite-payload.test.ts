import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HoldfastError } from '../../errors/index.ts';
import { sqliteCodec, sqlitePayload } from './sqlite-payload.ts';

const { codec } = sqlitePayload;

function made(...statements: string[]): Uint8Array {
  const db = new DatabaseSync(':memory:');
  for (const sql of statements) db.exec(sql);
  const bytes = db.serialize();
  db.close();
  return bytes;
}

/** The bytes after statements, as a handler's turn makes them. */
function edited(before: Uint8Array, ...statements: string[]) {
  const state = sqlitePayload.load(before);
  const draft = sqlitePayload.draft(state);
  for (const sql of statements) draft.exec(sql);
  const { state: after, hash, delta } = sqlitePayload.finish(state, draft);
  return { bytes: sqlitePayload.save(after), hash, delta };
}

/** A copy, of which nothing is remembered. */
function fresh(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes);
}

const items = 'CREATE TABLE items (id INTEGER PRIMARY KEY, a, b)';

describe('sqlitePayload', () => {
  test('a change is a changeset that leads to the same rows elsewhere', () => {
    const before = made(items, `INSERT INTO items VALUES (1, 'x', 1.5), (2, NULL, x'00ff')`);
    const statements = [
      `INSERT INTO items VALUES (3, 9007199254740993, '')`,
      `UPDATE items SET a = 'y' WHERE id = 1`,
      `DELETE FROM items WHERE id = 2`,
    ];
    const { hash, delta } = edited(before, ...statements);
    const after = sqliteCodec.apply(fresh(before), delta!);
    expect(sqliteCodec.hash(after)).toBe(hash);
    expect(sqliteCodec.hash(fresh(after))).toBe(hash);
    expect(delta!.byteLength).toBeLessThan(120);
  });

  test('the hash is of rows, not of pages', () => {
    const one = made(items, `INSERT INTO items VALUES (1, 1, 2), (2, 3, 4)`);
    const other = made(
      items,
      `INSERT INTO items SELECT key + 1, 0, 0 FROM json_each('[${'0,'.repeat(500)}0]')`,
      `DELETE FROM items WHERE id > 2`,
      `UPDATE items SET a = id * 2 - 1, b = id * 2`,
    );
    expect(other.byteLength).not.toBe(one.byteLength);
    expect(sqliteCodec.hash(other)).toBe(sqliteCodec.hash(one));
    for (const value of ['1.0', `'1'`, `x'31'`, 'NULL', '2']) {
      const near = made(items, `INSERT INTO items VALUES (1, ${value}, 2), (2, 3, 4)`);
      expect(sqliteCodec.hash(near)).not.toBe(sqliteCodec.hash(one));
    }
    const otherwise = items.replace(' b)', ' c)');
    const named = made(otherwise, `INSERT INTO items VALUES (1, 1, 2), (2, 3, 4)`);
    expect(sqliteCodec.hash(named)).not.toBe(sqliteCodec.hash(one));
  });

  test.each([
    ['another table', 'CREATE TABLE more (id INTEGER PRIMARY KEY)'],
    ['another column', 'ALTER TABLE items ADD COLUMN c'],
    ['another version', 'PRAGMA user_version = 7'],
    ['a table without a key', 'CREATE TABLE loose (a)'],
  ])('%s is sent whole', (_, statement) => {
    const { delta, hash, bytes } = edited(made(items), statement);
    expect(delta).toBe(undefined);
    expect(sqliteCodec.hash(fresh(bytes))).toBe(hash);
    expect(codec?.diff(made(items), bytes)).toBe(undefined);
  });

  test.each([
    'CREATE TABLE t (a)',
    'CREATE TABLE t (a TEXT PRIMARY KEY)',
    'CREATE TABLE t (a TEXT PRIMARY KEY NOT NULL COLLATE NOCASE)',
    'CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)',
    'CREATE TABLE t (a INTEGER PRIMARY KEY, b AS (a + 1) STORED)',
    'CREATE VIRTUAL TABLE t USING fts5(a)',
    'CREATE TABLE t (a INTEGER PRIMARY KEY); CREATE TRIGGER i DELETE ON t BEGIN SELECT 1; END',
  ])('what changesets do not follow is always sent whole: %s', (schema) => {
    const before = made(schema);
    const { delta, bytes } = edited(before, `INSERT INTO t (a) VALUES (1)`);
    expect(delta).toBe(undefined);
    expect(sqliteCodec.hash(fresh(bytes))).not.toBe(sqliteCodec.hash(before));
  });

  test('a changeset of another database is refused, and so is what is none', () => {
    const before = made(items, `INSERT INTO items VALUES (1, 'x', 1)`);
    const { delta } = edited(before, `UPDATE items SET a = 'y' WHERE id = 1`);
    const others = [
      made(items),
      made(items, `INSERT INTO items VALUES (1, 'z', 1)`),
      made('CREATE TABLE other (id INTEGER PRIMARY KEY)'),
    ];
    for (const other of others) {
      const hash = sqliteCodec.hash(other);
      expect(() => {
        if (sqliteCodec.hash(sqliteCodec.apply(other, delta!)) === hash) throw new Error('same');
      }).toThrow();
      expect(sqliteCodec.hash(fresh(other))).toBe(hash);
    }
    for (const wrong of [Uint8Array.of(1, 2, 3), Uint8Array.of(0x54, 9), delta!.slice(0, -2)]) {
      expect(() => sqliteCodec.apply(before, wrong)).toThrow();
      expect(() => sqliteCodec.hash(Uint8Array.of(...wrong, 7))).toThrow(/no SQLite database/);
    }
  });

  test('what foreign keys did is not done again', () => {
    const before = made(
      'CREATE TABLE a (id INTEGER PRIMARY KEY)',
      'CREATE TABLE b (id INTEGER PRIMARY KEY, a REFERENCES a ON DELETE CASCADE)',
      'INSERT INTO a VALUES (1), (2)',
      'INSERT INTO b VALUES (1, 1), (2, 2)',
    );
    const { delta, hash } = edited(before, 'DELETE FROM a WHERE id = 1');
    expect(sqliteCodec.hash(sqliteCodec.apply(before, delta!))).toBe(hash);
    expect(() => edited(before, 'INSERT INTO b VALUES (3, 3)')).toThrow(/FOREIGN KEY/);
  });

  test('a patchset is taken, too', () => {
    const before = made(items, `INSERT INTO items VALUES (1, 'x', 1.5), (2, NULL, x'00ff')`);
    const db = new DatabaseSync(':memory:');
    db.deserialize(before);
    const recording = db.createSession();
    db.exec(`INSERT INTO items VALUES (3, 1, 2); DELETE FROM items WHERE id = 1`);
    db.exec(`UPDATE items SET a = 'y' WHERE id = 2`);
    const patchset = recording.patchset();
    const after = sqliteCodec.apply(before, patchset);
    expect(sqliteCodec.hash(after)).toBe(sqliteCodec.hash(db.serialize()));
    for (let length = 1; length < patchset.length; length += 1) {
      try {
        const half = sqliteCodec.apply(before, patchset.slice(0, length));
        expect(sqliteCodec.hash(half)).toBe(sqliteCodec.hash(fresh(half)));
      } catch (error) {
        expect((error as HoldfastError).code).toMatch(/^(protocol|state_mismatch)$/);
      }
    }
  });

  test('rows of a table that nobody knows are refused', () => {
    const other = made('CREATE TABLE other (id INTEGER PRIMARY KEY)');
    const { delta } = edited(other, 'INSERT INTO other VALUES (1)');
    expect(() => sqliteCodec.apply(made(items), delta!)).toThrow(/other tables/);
  });

  test('a row that a changeset names twice counts once', () => {
    const before = made(items, `INSERT INTO items VALUES (1, 'x', 1)`);
    const first = edited(before, `UPDATE items SET a = 'y' WHERE id = 1`);
    const second = edited(first.bytes, `UPDATE items SET a = 'z' WHERE id = 1`);
    const after = sqliteCodec.apply(before, Buffer.concat([first.delta!, second.delta!]));
    expect(sqliteCodec.hash(after)).toBe(sqliteCodec.hash(fresh(after)));
    expect(sqliteCodec.hash(after)).toBe(second.hash);
  });

  test('rows that change places in an index are sent in a way that can be repeated', () => {
    const schema = 'CREATE TABLE t (name TEXT PRIMARY KEY NOT NULL, u UNIQUE)';
    const before = made(schema, `INSERT INTO t VALUES ('a', 1), ('b', 2), ('c', 3), ('d', 4)`);
    const u = fc.integer({ min: 1, max: 5 });
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const step = fc.oneof(
      fc.tuple(u, u).map(
        ([i, j]) => `UPDATE t SET u = -${j} WHERE u = ${i};
        UPDATE t SET u = ${i} WHERE u = ${j}; UPDATE t SET u = ${j} WHERE u = -${j}`,
      ),
      fc.tuple(name, u).map(([n, i]) => `INSERT OR REPLACE INTO t VALUES ('${n}', ${i})`),
      fc.constant('UPDATE t SET u = -u; UPDATE t SET u = 6 + u'),
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), (steps) => {
        const { bytes, delta, hash } = edited(before, ...steps);
        expect(sqliteCodec.hash(fresh(bytes))).toBe(hash);
        for (const said of [delta, sqliteCodec.diff(fresh(before), fresh(bytes))]) {
          if (said === undefined) continue;
          expect(sqliteCodec.hash(sqliteCodec.apply(before, said))).toBe(hash);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('damaged changesets are refused, or their hash is that of what they make', () => {
    const before = made(
      'CREATE TABLE items (id INTEGER PRIMARY KEY, a REAL, b TEXT)',
      `INSERT INTO items VALUES (1, 1.5, 'x'), (2, 2, 'y'), (3, NULL, 'z')`,
    );
    const hash = sqliteCodec.hash(before);
    const copy = before.slice();
    const { delta } = edited(
      before,
      `UPDATE items SET a = 7.25, b = 'changed' WHERE id = 1`,
      'DELETE FROM items WHERE id = 2',
      `INSERT INTO items VALUES (4, 4.5, 'new')`,
    );
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
    let applied = 0;
    fc.assert(
      fc.property(damage, fc.boolean(), (bytes, isDoubled) => {
        const damaged = isDoubled ? Buffer.concat([delta!, delta!]) : Buffer.from(delta!);
        for (const [at, byte] of bytes) damaged[at % damaged.length] = byte;
        let after: Uint8Array;
        try {
          after = sqliteCodec.apply(before, damaged);
        } catch (error) {
          expect(before).toEqual(copy);
          expect(error).toBeInstanceOf(Error);
          return;
        }
        applied += 1;
        expect(sqliteCodec.hash(after)).toBe(sqliteCodec.hash(fresh(after)));
        expect(before).toEqual(copy);
      }),
      { numRuns: 1000 },
    );
    expect(applied).toBeGreaterThan(0);
    expect(sqliteCodec.hash(fresh(before))).toBe(hash);
  });

  test('damaged databases are refused, or read as what they are', () => {
    const rows = Array.from({ length: 60 }, (_, id) => `(${id}, '${'x'.repeat(id)}', ${id})`);
    const before = made(items, `INSERT INTO items VALUES ${rows.join(', ')}`);
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(damage, fc.option(fc.nat()), (bytes, cut) => {
        const damaged = Buffer.from(before);
        for (const [at, byte] of bytes) damaged[at % damaged.length] = byte;
        const whole = cut === null ? damaged : damaged.subarray(0, cut % damaged.length);
        try {
          expect(sqliteCodec.hash(Uint8Array.from(whole))).toMatch(/^[0-9a-f]{32}$/);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('a handler that fails leaves the bytes as they were', () => {
    const before = made(items);
    const state = sqlitePayload.load(before);
    const draft = sqlitePayload.draft(state);
    draft.exec(`INSERT INTO items VALUES (1, 1, 1)`);
    sqlitePayload.discard(draft);
    expect(sqliteCodec.hash(fresh(sqlitePayload.save(state)))).toBe(sqliteCodec.hash(before));
  });

  test('whatever is done to rows, both ways of saying it lead to the same', () => {
    const id = fc.integer({ min: 1, max: 12 });
    const value = fc.constantFrom('NULL', '1', '-7.25', `'té'`, `x'c0ffee'`, '9007199254740993');
    const step = fc.oneof(
      fc
        .tuple(id, value, value)
        .map(([n, a, b]) => `INSERT OR REPLACE INTO items VALUES (${n}, ${a}, ${b})`),
      fc.tuple(id, value).map(([n, a]) => `UPDATE items SET a = ${a} WHERE id >= ${n}`),
      fc.tuple(id, id).map(([n, m]) => `UPDATE OR IGNORE items SET id = ${m} WHERE id = ${n}`),
      id.map((n) => `DELETE FROM items WHERE id = ${n}`),
    );
    const steps = fc.array(step, { maxLength: 8 });
    fc.assert(
      fc.property(steps, steps, (first, second) => {
        const before = edited(made(items), ...first).bytes;
        const { bytes, hash, delta } = edited(before, ...second);
        expect(sqliteCodec.hash(fresh(bytes))).toBe(hash);
        expect(sqliteCodec.hash(sqliteCodec.apply(fresh(before), delta!))).toBe(hash);
        const found = sqliteCodec.diff(fresh(before), fresh(bytes));
        const applied = sqliteCodec.apply(fresh(before), found!);
        expect(sqliteCodec.hash(fresh(applied))).toBe(hash);
        const back = sqliteCodec.diff(fresh(bytes), fresh(before));
        const undone = sqliteCodec.apply(fresh(bytes), back!);
        expect(sqliteCodec.hash(fresh(undone))).toBe(sqliteCodec.hash(before));
      }),
      { numRuns: 100 },
    );
  });
});
