/** What the rebuilt disk keeps, shown on traces of a few records. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/internal/random.ts';
import { Disk } from './disk.ts';
import type { Survival } from './disk.ts';
import type { TraceRecord } from './trace.ts';

function open(file: string, path: string, directory = false): TraceRecord {
  return { kind: 'open', file, path, truncates: false, directory };
}

function write(file: string, offset: number, text: string, through = false): TraceRecord {
  return { kind: 'write', file, offset, data: Buffer.from(text), through };
}

function sync(file: string): TraceRecord[] {
  return [
    { kind: 'sync-begin', file },
    { kind: 'sync-end', file },
  ];
}

/** The files after a cut behind all records, as text. */
function after(records: readonly TraceRecord[], survival: Survival, seed = 1): object {
  const disk = new Disk();
  for (const record of records) disk.apply(record);
  const files = disk.afterCut(survival, seededRandom(seed));
  return Object.fromEntries([...files].map(([name, bytes]) => [name, bytes.toString()]));
}

const named = [open('1', 'a'), open('d', '', true), ...sync('d')];

test('a write is lost until a sync that began behind it has finished', () => {
  const begun: TraceRecord[] = [...named, { kind: 'sync-begin', file: '1' }, write('1', 0, 'late')];
  expect(after(begun, 'none')).toEqual({ a: '' });
  expect(after([...begun, { kind: 'sync-end', file: '1' }], 'none')).toEqual({ a: '' });
  expect(after([...begun, { kind: 'sync-end', file: '1' }], 'all')).toEqual({ a: 'late' });
  expect(after([...named, write('1', 0, 'kept'), ...sync('1')], 'none')).toEqual({ a: 'kept' });
});

test('a sync through one handle covers what another handle of the file wrote', () => {
  const records = [...named, open('2', 'a'), write('2', 0, 'kept'), ...sync('1')];
  expect(after(records, 'none')).toEqual({ a: 'kept' });
});

test('a write through is kept, and what was written before it is not', () => {
  const records = [...named, write('1', 0, 'lost'), write('1', 2, 'XY', true)];
  expect(after(records, 'none')).toEqual({ a: '\0\0XY' });
  expect(after([...records, ...sync('1')], 'none')).toEqual({ a: 'loXY' });
});

test('a name is lost until its folder was synced, and so is its removal', () => {
  const made = [open('1', 'a'), write('1', 0, 'x'), ...sync('1')];
  expect(after(made, 'none')).toEqual({});
  expect(after(made, 'all')).toEqual({ a: 'x' });
  const removed: TraceRecord[] = [...made, ...named.slice(1), { kind: 'unlink', path: 'a' }];
  expect(after(removed, 'none')).toEqual({ a: 'x' });
  expect(after([...removed, ...sync('d')], 'none')).toEqual({});
});

test('a removed name leaves its file to its handle, and a new one is another file', () => {
  const records: TraceRecord[] = [
    ...named,
    { kind: 'unlink', path: 'a' },
    open('2', 'a'),
    write('1', 0, 'old'),
    write('2', 0, 'new'),
    ...sync('1'),
    ...sync('2'),
  ];
  expect(after(records, 'none')).toEqual({ a: 'old' });
  expect(after([...records, ...sync('d')], 'none')).toEqual({ a: 'new' });
});

test('a rename takes effect whole', () => {
  const records: TraceRecord[] = [
    ...named,
    write('1', 0, 'x'),
    ...sync('1'),
    { kind: 'rename', from: 'a', to: 'b' },
  ];
  expect(after(records, 'none')).toEqual({ a: 'x' });
  expect(after([...records, ...sync('d')], 'none')).toEqual({ b: 'x' });
});

test('an unsynced write is torn at sectors, the same way for the same seed', () => {
  const text = Array.from({ length: 64 }, (_, index) => String(index % 10).repeat(512)).join('');
  const records = [...named, write('1', 0, text)];
  const outcomes = new Set<string>();
  for (let seed = 1; seed <= 20; seed += 1) {
    const { a } = after(records, 'torn', seed) as { a: string };
    expect(after(records, 'torn', seed)).toEqual({ a });
    for (let at = 0; at < a.length; at += 512) {
      const sector = a.slice(at, at + 512);
      expect([text.slice(at, at + 512), '\0'.repeat(512)]).toContain(sector);
    }
    outcomes.add(a);
  }
  expect(outcomes.size).toBeGreaterThan(10);
});

test('a truncated file that grows again reads as zeroes in between', () => {
  const records: TraceRecord[] = [
    ...named,
    write('1', 0, 'abcdef'),
    { kind: 'resize', file: '1', size: 2 },
    write('1', 4, 'ef'),
  ];
  expect(after(records, 'all')).toEqual({ a: 'ab\0\0ef' });
});

test('a file that is written through a mapping is refused', () => {
  const disk = new Disk();
  disk.apply(open('1', 'a'));
  disk.apply(open('2', 'a-shm'));
  disk.apply({ kind: 'mapped', file: '2' });
  expect(() => disk.apply({ kind: 'mapped', file: '1' })).toThrow(`'a' is written through`);
});
