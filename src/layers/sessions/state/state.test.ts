import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StoredValue } from '../../../ledger/index.ts';
import { entriesPayload } from '../payload/entries-payload.ts';
import { changeBetween } from './difference.ts';
import { planChanges } from './change.ts';
import { EntriesState } from './entries-state.ts';
import { SessionState } from './session-state.ts';

const json = fc.jsonValue({ maxDepth: 3 }).filter((value) => isPlain(value));
const key = fc.constantFrom('a', 'b', 'c/0000000000000000', 'é', '😀');
const entries = fc.dictionary(key, json, { noNullPrototype: true });

function isPlain(value: unknown): boolean {
  try {
    StoredValue.of(value);
    return true;
  } catch {
    return false;
  }
}

function stateOf(values: Readonly<Record<string, unknown>>): EntriesState {
  return EntriesState.of(
    Object.entries(values).map(([name, value]) => [name, StoredValue.of(value)]),
  );
}

/** The documented hash, by other means. */
function documentedHash(values: Readonly<Record<string, unknown>>): string {
  const canonical = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([name, one]) => `${JSON.stringify(name)}:${canonical(one)}`).join(',')}}`;
  };
  let sum = 0n;
  for (const [name, value] of Object.entries(values)) {
    // As it is stored: -0 is 0.
    const stored = JSON.parse(JSON.stringify(value)) as unknown;
    const form =
      value instanceof Uint8Array
        ? Buffer.concat([Buffer.from(`${Buffer.byteLength(name)}:${name}b`), value])
        : Buffer.from(`${Buffer.byteLength(name)}:${name}j${canonical(stored)}`);
    sum += BigInt(`0x${createHash('sha256').update(form).digest('hex').slice(0, 32)}`);
  }
  return BigInt.asUintN(128, sum).toString(16).padStart(32, '0');
}

describe('the hash of a state', () => {
  test('is the documented one, whatever the order', () => {
    fc.assert(
      fc.property(entries, (values) => {
        const reversed = Object.fromEntries(Object.entries(values).toReversed());
        expect(stateOf(values).hash).toBe(documentedHash(values));
        expect(stateOf(reversed).hash).toBe(documentedHash(values));
      }),
    );
    const bytes = { a: Uint8Array.of(1, 2) };
    expect(stateOf(bytes).hash).toBe(documentedHash(bytes));
    expect(stateOf({}).hash).toBe('0'.repeat(32));
  });

  test('tells keys, types and members apart', () => {
    const states = [
      { a: 1 },
      { b: 1 },
      { a: '1' },
      { a: [1] },
      { a: { x: 1 } },
      { a: { y: 1 } },
      { a: Uint8Array.of(49) },
      { 'a:1': 1 },
      { a: 1, b: 1 },
    ].map((values) => stateOf(values).hash);
    expect(new Set(states).size).toBe(states.length);
    expect(stateOf({ a: { x: 1, y: 2 } }).hash).toBe(stateOf({ a: { y: 2, x: 1 } }).hash);
  });
});

describe('changes', () => {
  test('from any value to any other lead there, and back', () => {
    const before = fc.oneof(json, fc.constant(undefined));
    fc.assert(
      fc.property(before, before, (a, b) => {
        const [from, to] = [a, b].map((value) =>
          value === undefined ? undefined : StoredValue.of(value),
        );
        const change = changeBetween('k', from, to);
        if (change === undefined) {
          expect(from?.content ?? null).toEqual(to?.content ?? null);
          return;
        }
        const [effect] = planChanges([change], () => from, 0n).effects;
        if (to === undefined) expect(effect?.after).toBe(undefined);
        else expect(effect?.after?.equals(to)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('of a large value are as small as what changed', () => {
    const list = Array.from({ length: 200 }, (_, n) => ({ n, text: 'x'.repeat(30), tags: ['a'] }));
    const cases: [unknown, unknown, number][] = [
      [{ list }, { list: [...list, { n: 200 }] }, 70],
      [{ list }, { list: list.with(7, { n: 7, text: 'y', tags: ['a'] }) }, 70],
      [{ list }, { list: list.slice(0, -1) }, 60],
      [{ list }, { list, more: 1 }, 60],
      [{ list, gone: 1 }, { list }, 60],
    ];
    for (const [a, b, most] of cases) {
      const change = changeBetween('k', StoredValue.of(a), StoredValue.of(b));
      expect(change?.kind).toBe('update');
      expect(JSON.stringify(change).length).toBeLessThan(most + 60);
    }
    const unnamable = { pad: 'x'.repeat(100), constructor: 1 };
    const change = changeBetween(
      'k',
      StoredValue.of(unnamable),
      StoredValue.of({ ...unnamable, constructor: 2 }),
    );
    expect(change?.kind).toBe('set');
  });

  test('that name a key twice, or do not apply, change nothing', () => {
    const state = stateOf({ a: 1 });
    const { hash } = state;
    const set = { key: 'a', kind: 'set', value: StoredValue.of(2) } as const;
    expect(() => state.plan([set, set])).toThrow(/twice/);
    const append = {
      key: 'a',
      kind: 'update',
      operations: [{ op: 'append', values: [1] }],
    } as const;
    expect(() => state.plan([append])).toThrow(
      expect.objectContaining({ code: 'operation_failed' }),
    );
    expect(state.hash).toBe(hash);
  });
});

describe('what a handler works with', () => {
  test('shows its own changes, and ships the least of them', () => {
    const state = stateOf({ a: 1, list: { items: ['x'.repeat(200)] } });
    const draft = new SessionState(state);
    draft.update('list', [{ op: 'append', path: '/items', values: ['new'] }]);
    draft.update('a', [{ op: 'increment' }]);
    draft.set('b', 2);
    draft.delete('b');
    draft.list('log').append('one', 'two');
    expect(draft.get('a')).toBe(2);
    expect(draft.keys()).toEqual(['a', 'list', 'log/0000000000000000', 'log/0000000000000001']);
    expect(draft.list('log').items()).toEqual(['one', 'two']);
    expect(draft.list('log').get(-1)).toBe('two');
    expect(draft.list('log').tail(1)).toEqual(['two']);
    expect(state.get('a')?.decode()).toBe(1);
    const changes = draft.finish();
    expect(changes.map(({ key: name, kind }) => `${name} ${kind}`)).toEqual([
      'list update',
      'a set',
      'log/0000000000000000 set',
      'log/0000000000000001 set',
    ]);
    expect(() => draft.get('a')).toThrow(expect.objectContaining({ code: 'closed' }));
  });

  test('a list can be cut, and goes on', () => {
    const draft = new SessionState(new EntriesState());
    const list = draft.list<number>('l');
    list.append(1, 2, 3);
    list.truncate(1);
    expect(list.length).toBe(1);
    list.append(4);
    expect(list.items()).toEqual([1, 4]);
    expect(draft.list('other').length).toBe(0);
  });

  test('values are fresh, and only values are taken', () => {
    const draft = new SessionState(stateOf({ a: { deep: [1] } }));
    const value = draft.get<{ deep: number[] }>('a');
    value?.deep.push(2);
    expect(draft.get('a')).toEqual({ deep: [1] });
    for (const wrong of [Number.NaN, new Map(), 2n ** 60n]) {
      expect(() => draft.set('b', wrong)).toThrow(
        expect.objectContaining({ code: 'invalid_value' }),
      );
    }
    expect(() => draft.set('', 1)).toThrow(expect.objectContaining({ code: 'invalid_name' }));
    expect(draft.has('b')).toBe(false);
  });

  test('a snapshot is the state', () => {
    fc.assert(
      fc.property(entries, (values) => {
        const state = stateOf(values);
        const copy = entriesPayload.load(entriesPayload.save(state));
        expect(copy.hash).toBe(state.hash);
        expect(copy.size).toBe(state.size);
      }),
    );
  });
});
