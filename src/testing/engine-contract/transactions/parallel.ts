/** Many writers at once, through one handle and through two. */
import type { Engine } from '../../../engine/index.ts';
import type { World } from '../contract.ts';

export const writers = 10;
export const rounds = 12;

export type Open = (world: World) => Promise<readonly Engine[]>;

/** Runs `turn` for each writer and round; the rounds of a writer follow each other. */
export async function inParallel<T>(
  turn: (writer: number, round: number) => Promise<T>,
): Promise<T[]> {
  const results = await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      const own: T[] = [];
      for (let round = 0; round < rounds; round += 1) own.push(await turn(writer, round));
      return own;
    }),
  );
  return results.flat();
}

const places: readonly (readonly [string, readonly 'shared'[]])[] = [
  ['through one handle', []],
  ['through two handles', ['shared']],
];

export function forEachPlace(
  register: (place: string, needs: readonly 'shared'[], open: Open) => void,
): void {
  for (const [place, needs] of places) {
    register(place, needs, async (world) => {
      const engine = await world.open();
      return needs.length === 0 ? [engine, engine] : [engine, await world.reopen(engine)];
    });
  }
}
