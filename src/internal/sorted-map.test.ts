import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SortedMap } from './sorted-map.ts';
import type { Bounds } from './sorted-map.ts';
import { compareText } from './text-order.ts';

const ascending = (a: number, b: number) => a - b;

/** What the map must equal: the pairs of a plain map, sorted and filtered anew. */
function expected(model: Map<number, number>, bounds: Bounds<number>, reverse: boolean) {
  const { from, above, to, below } = bounds;
  const pairs = [...model].sort((a, b) => a[0] - b[0]);
  const within = pairs.filter(
    ([key]) =>
      (from === undefined || key >= from) &&
      (above === undefined || key > above) &&
      (to === undefined || key < to) &&
      (below === undefined || key < below),
  );
  return reverse ? within.reverse() : within;
}

describe('SortedMap', () => {
  const key = fc.integer({ min: 0, max: 1500 });
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('set' as const), key }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('fill' as const), key, count: fc.nat(700) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('drain' as const), key, count: fc.nat(700) }),
    },
  );
  const bound = fc.option(key, { nil: undefined });
  const question = fc.record({
    bounds: fc.record({ from: bound, above: bound, to: bound, below: bound }),
    reverse: fc.boolean(),
  });

  it('answers like a sorted plain map after any changes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.array(question), (steps, questions) => {
        const map = new SortedMap<number, number>(ascending);
        const model = new Map<number, number>();
        for (const [turn, change] of steps.entries()) {
          const count = 'count' in change ? change.count : 1;
          for (let at = change.key; at < change.key + count; at += 1) {
            if (change.kind === 'set' || change.kind === 'fill') {
              map.set(at, turn);
              model.set(at, turn);
            } else {
              expect(map.delete(at)).toBe(model.delete(at));
            }
          }
        }
        expect(map.size).toBe(model.size);
        expect([...map.entries()]).toEqual(expected(model, {}, false));
        expect([...map.entries({}, true)]).toEqual(expected(model, {}, true));
        for (const { bounds, reverse } of questions) {
          expect([...map.entries(bounds, reverse)]).toEqual(expected(model, bounds, reverse));
          const probe = bounds.from ?? 0;
          expect(map.get(probe)).toBe(model.get(probe));
          expect(map.has(probe)).toBe(model.has(probe));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('orders text by its UTF-8 bytes', () => {
    const map = new SortedMap<string, number>(compareText);
    for (const [index, text] of ['\u{1f600}', '\uff00', 'a', 'é', ''].entries()) {
      map.set(text, index);
    }
    expect([...map.entries()].map(([text]) => text)).toEqual(['', 'a', 'é', '\uff00', '\u{1f600}']);
  });

  it('holds many keys that arrive in order, in reverse and shuffled', () => {
    const count = 20_000;
    const orders = [
      (index: number) => index,
      (index: number) => count - 1 - index,
      (index: number) => (index * 7919) % count,
    ];
    for (const order of orders) {
      const map = new SortedMap<number, number>(ascending);
      for (let index = 0; index < count; index += 1) map.set(order(index), index);
      expect(map.size).toBe(count);
      const keys = Array.from(map.entries(), ([key]) => key);
      expect(keys).toEqual(Array.from({ length: count }, (_, index) => index));
      for (let index = 0; index < count; index += 1) map.delete(order(index));
      expect(map.size).toBe(0);
      expect([...map.entries()]).toEqual([]);
    }
  });

  it('forgets everything on clear', () => {
    const map = new SortedMap<number, number>(ascending);
    map.set(1, 1);
    map.clear();
    expect(map.size).toBe(0);
    expect(map.get(1)).toBeUndefined();
  });
});
