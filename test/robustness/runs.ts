/** How long and from which seed the searching tests run: `npm run fuzz -- --runs N --seed S`. */

const runs = process.env['HOLDFAST_FUZZ_RUNS'];
const seed = process.env['HOLDFAST_FUZZ_SEED'];

/** The seed of this run; a fixed one unless somebody searches. */
export const runSeed = seed === undefined ? 20_260_730 : Number(seed);

/** `slice` in an ordinary test run; while searching, `share` of the runs asked for. */
export function runCount(slice: number, share = 1): number {
  return runs === undefined ? slice : Math.max(1, Math.ceil(Number(runs) * share));
}

/** Whether the tests run for as long as somebody asked, not for as long as everybody can wait. */
export const isSearching = runs !== undefined;
