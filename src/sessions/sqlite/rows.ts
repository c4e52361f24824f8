/**
 * A database as a set of logical rows, and its hash: pages may differ after equal changes.
 *
 * The elements of the set are the statements of the schema, `user_version`, and each row of each
 * table with the names of table and columns. Rows of a table that changesets cannot follow count
 * too; such a database is sent whole (`isTracked`).
 */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { changedHash, emptyHash } from '../../layers/sessions/index.ts';
import type { StateHash } from '../../layers/sessions/index.ts';
import type { Cell, RowChange } from './changeset.ts';

export interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  /** Names of the columns of the primary key. */
  readonly key: readonly string[];
  readonly isTracked: boolean;
}

/** What a changeset cannot say: another of these, and the whole is sent. */
export function schemaOf(db: DatabaseSync): string {
  const items = db
    .prepare(`SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name`)
    .all();
  const version = db.prepare('PRAGMA user_version').get();
  return JSON.stringify([version, items]);
}

export function tablesOf(db: DatabaseSync): readonly Table[] {
  const names = db
    .prepare(`SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' ORDER BY name`)
    .all();
  return names.flatMap(({ name, type, wr }) => {
    const table = String(name);
    if (type === 'view' || (table.startsWith('sqlite_') && table !== 'sqlite_sequence')) return [];
    const isPlain = type === 'table' && table !== 'sqlite_sequence';
    return [tableOf(db, table, isPlain, wr === 1)];
  });
}

function tableOf(db: DatabaseSync, name: string, isPlain: boolean, isRowless: boolean): Table {
  const columns = db
    .prepare('SELECT name, type, "notnull", pk, hidden FROM pragma_table_xinfo(?) ORDER BY cid')
    .all(name);
  const stored = columns.filter(({ hidden }) => hidden === 0);
  const key = stored.filter(({ pk }) => Number(pk) > 0);
  const isRowId = key.length === 1 && String(key[0]?.['type']).toUpperCase() === 'INTEGER';
  // A key that may be NULL is passed over by the session extension.
  const isKeyed = isRowId || isRowless || key.every(({ notnull }) => notnull === 1);
  const isWhole = stored.length === columns.length;
  return {
    name,
    columns: stored.map((column) => String(column['name'])),
    key: key.map((column) => String(column['name'])),
    isTracked: isPlain && key.length > 0 && isKeyed && isWhole && isKeyBinary(db, name),
  };
}

export function hashOf(db: DatabaseSync): StateHash {
  return changedHash(emptyHash, [], elementsOf(db));
}

function* elementsOf(db: DatabaseSync): Generator<string> {
  const schema = schemaOf(db);
  // Before its first statement a database is empty, whatever its settings.
  if (schema !== emptySchema) yield schema;
  for (const { name, columns } of tablesOf(db)) {
    const select = db.prepare(`SELECT ${columns.map(quoted).join(', ')} FROM ${quoted(name)}`);
    select.setReadBigInts(true);
    select.setReturnArrays(true);
    for (const row of select.iterate()) {
      yield element(name, row as unknown as readonly SQLOutputValue[]);
    }
  }
}

const emptySchema = JSON.stringify([{ user_version: 0 }, []]);

/** The hash of `db`, from the one before a changeset that it recorded itself and is believed. */
export function hashAfter(
  db: DatabaseSync,
  hash: StateHash,
  changes: readonly RowChange[],
): StateHash {
  const gone: string[] = [];
  const come: string[] = [];
  const tables = new Map(tablesOf(db).map((table) => [table.name, rowReader(db, table)]));
  for (const { table, kind, keys, before, after } of changes) {
    if (kind !== 'update') {
      if (before !== undefined) gone.push(element(table, before));
      if (after !== undefined) come.push(element(table, after));
      continue;
    }
    const key = before?.filter((_, index) => keys[index]) ?? [];
    const now = tables.get(table)?.(key);
    if (now === undefined) throw new RangeError(`a changed row of '${table}' is not there`);
    come.push(element(table, now));
    const was = now.map((cell, index) => (before?.[index] === undefined ? cell : before[index]));
    gone.push(element(table, was));
  }
  return changedHash(hash, gone, come);
}

/**
 * The rows that changes are about, as they are now, as elements of the set. What the changes say of
 * their contents is not believed.
 */
export function rowsAt(db: DatabaseSync, changes: readonly RowChange[]): ReadonlySet<string> {
  const tables = new Map(tablesOf(db).map((table) => [table.name, rowReader(db, table)]));
  const found = new Set<string>();
  for (const { table, keys, before, after } of changes) {
    for (const cells of [before, after]) {
      const key = cells?.filter((_, index) => keys[index]);
      if (key === undefined || key.includes(undefined)) continue;
      const row = tables.get(table)?.(key);
      if (row !== undefined) found.add(element(table, row));
    }
  }
  return found;
}

/** Keys that their collation holds for equal though they are written differently confuse it. */
function isKeyBinary(db: DatabaseSync, table: string): boolean {
  const other = db.prepare(
    `SELECT 1 FROM pragma_index_list(?) AS indexes, pragma_index_xinfo(indexes.name) AS parts
     WHERE indexes.origin = 'pk' AND parts."key" = 1 AND parts.coll <> 'BINARY'`,
  );
  return other.get(table) === undefined;
}

type RowReader = (key: readonly Cell[]) => readonly Cell[] | undefined;

function rowReader(db: DatabaseSync, { name, columns, key }: Table): RowReader {
  const where = columns.filter((column) => key.includes(column)).map((one) => `${quoted(one)} = ?`);
  if (where.length === 0) return () => undefined;
  const list = columns.map(quoted).join(', ');
  const select = db.prepare(`SELECT ${list} FROM ${quoted(name)} WHERE ${where.join(' AND ')}`);
  select.setReadBigInts(true);
  select.setReturnArrays(true);
  return (values) => {
    const given = values.map((value) => value ?? null);
    return select.get(...given) as unknown as readonly Cell[] | undefined;
  };
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Cells keep their types apart: 1, 1.0, '1' and x'31' are four values. */
function element(table: string, row: readonly Cell[]): string {
  return `${JSON.stringify(table)}${row.map(cellText).join('')}`;
}

function cellText(cell: Cell): string {
  if (cell === null || cell === undefined) return 'n';
  if (typeof cell === 'bigint') return `i${cell}`;
  if (typeof cell === 'number') return `r${Object.is(cell, -0) ? 0 : cell}`;
  if (typeof cell === 'string') return `t${JSON.stringify(cell)}`;
  return `b${Buffer.from(cell).toString('hex')}`;
}
