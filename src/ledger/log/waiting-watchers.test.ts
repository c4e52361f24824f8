import { expect, test } from 'vitest';
import type { Change } from '../commit.ts';
import type { Position } from '../position.ts';
import type { NamedCommit } from './decode.ts';
import { WaitingWatchers } from './waiting-watchers.ts';
import type { Place } from './watcher-index.ts';

function at(revision: number): Position {
  return { incarnation: 'i', revision };
}

function commit(...keys: readonly string[]): NamedCommit {
  const changes = keys.map((key) => ({ scope: 's', key }) as Change);
  return { revision: 1, time: 0, actor: undefined, cause: undefined, changes };
}

function crowd(places: readonly Place[], from = at(5)) {
  const waiting = new WaitingWatchers();
  const leaving = new AbortController();
  const woken = new Map<number, number>();
  for (const [index, place] of places.entries()) {
    void waiting
      .wait(place, from, leaving.signal)
      .then(({ revision }) => woken.set(index, revision));
  }
  return { waiting, leaving, woken };
}

test('a commit wakes those who want one of its changes and nobody else', async () => {
  const places = [{}, { scope: 's' }, { scope: 't' }, { scope: 's', key: 'a' }];
  const more = [
    { scope: 's', key: 'b' },
    { scope: 's', prefix: 'a' },
    { scope: 's', prefix: 'b' },
  ];
  const { waiting, woken } = crowd([...places, ...more]);
  waiting.found([commit('a'), commit('ab', 'a')], at(7));
  await Promise.resolve();
  expect([...woken.keys()].toSorted((a, b) => a - b)).toEqual([0, 1, 3, 5]);
  expect(waiting.size).toBe(3);
});

test('whoever is woken looks on from where the others have looked', async () => {
  const { waiting, woken } = crowd([{ scope: 's' }]);
  waiting.found([commit('a')], at(7));
  await Promise.resolve();
  expect(woken.get(0)).toBe(7);
});

test('whoever has looked further than the others does not look back', async () => {
  const { waiting, woken } = crowd([{ scope: 's' }], at(9));
  waiting.found([commit('a')], at(7));
  await Promise.resolve();
  expect(woken.get(0)).toBe(9);
});

test('whoever leaves is let go, where it stood', async () => {
  const { waiting, leaving, woken } = crowd([{ scope: 's' }, {}]);
  leaving.abort();
  await Promise.resolve();
  expect([...woken]).toEqual([
    [0, 5],
    [1, 5],
  ]);
  expect(waiting.size).toBe(0);
  expect(await waiting.wait({}, at(6), leaving.signal)).toEqual(at(6));
});
