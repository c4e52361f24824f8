/**
 * Ratios that survive a noisy machine: the two sides take turns within one run, and what is quoted
 * is the median of the pairs' ratios with the interval that holds the true median (95 %, by order
 * statistics), not an absolute time.
 */

import { seededRandom } from '../src/internal/random.ts';

export interface Side {
  /** Does the work for about `seconds` and says how many operations it was. */
  run(seconds: number): Promise<number>;
}

export interface PairedResult {
  readonly pairs: number;
  /** Operations per second, medians over the pairs. */
  readonly ours: number;
  readonly limit: number;
  /** ours / limit. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

export async function rate(side: Side, seconds: number): Promise<number> {
  const start = performance.now();
  const operations = await side.run(seconds);
  return operations / ((performance.now() - start) / 1000);
}

/**
 * How long a side with one caller is warmed. V8 compiles what has run ten thousand times, which
 * takes a caller who waits for the disk every time some seconds; until then it is a fifth slower.
 */
export const warmSecondsOfOneCaller = 6;

/** How long the sides of a question with so many callers are warmed. */
export function warmSecondsFor(
  callers: number,
  { seconds, warmSeconds }: { readonly seconds: number; readonly warmSeconds: number },
): number {
  return callers === 1 ? warmSeconds : seconds;
}

/** Interleaves the two sides, each first in every other pair. */
export async function compare(
  ours: Side,
  limit: Side,
  {
    pairs = 20,
    seconds = 0.5,
    warmSeconds = seconds,
  }: { pairs?: number; seconds?: number; warmSeconds?: number } = {},
): Promise<PairedResult> {
  await rate(ours, warmSeconds);
  await rate(limit, warmSeconds);
  const ourRates: number[] = [];
  const limitRates: number[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    if (pair % 2 === 0) ourRates.push(await rate(ours, seconds));
    limitRates.push(await rate(limit, seconds));
    if (pair % 2 === 1) ourRates.push(await rate(ours, seconds));
  }
  const ratios = ourRates.map((one, index) => one / limitRates[index]!);
  const [low, high] = medianInterval(ratios);
  return {
    pairs,
    ours: median(ourRates),
    limit: median(limitRates),
    ratio: median(ratios),
    low,
    high,
  };
}

export interface Standing {
  readonly name: string;
  /** Operations per second, median over the rounds. */
  readonly rate: number;
  /** The first side's rate to this one's: median and interval over the rounds. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

export interface Contestant extends Side {
  readonly name: string;
  /** Ends what a turn has left for later, so that the next one's does not wait for it. */
  settle?(): void;
}

/**
 * All sides in every round, in an order of its own for each round: who comes after whom must not
 * count. The first side is ours.
 */
export async function compareAll(
  sides: readonly Contestant[],
  {
    rounds,
    seconds,
    warmSeconds = seconds,
    leadSeconds = 0,
  }: {
    readonly rounds: number;
    readonly seconds: number;
    readonly warmSeconds?: number;
    /** At the start of each turn, for caches that the others have cooled; not counted. */
    readonly leadSeconds?: number;
  },
): Promise<Standing[]> {
  for (const side of sides) await rate(side, warmSeconds);
  const rates = sides.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const index of shuffled(sides.length)) {
      const side = sides[index]!;
      if (leadSeconds > 0) await side.run(leadSeconds);
      rates[index]!.push(await rate(side, seconds));
      side.settle?.();
    }
  }
  return sides.map(({ name }, index) => {
    const ratios = rates[index]!.map((one, round) => rates[0]![round]! / one);
    const [low, high] = medianInterval(ratios);
    return { name, rate: median(rates[index]!), ratio: median(ratios), low, high };
  });
}

const random = seededRandom(20_261_129);

/** The numbers below `count`, in any order. */
function shuffled(count: number): number[] {
  const numbers = Array.from({ length: count }, (_, index) => index);
  for (let left = count; left > 1; left -= 1) {
    const chosen = Math.floor(random.float() * left);
    [numbers[left - 1], numbers[chosen]] = [numbers[chosen]!, numbers[left - 1]!];
  }
  return numbers;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const low = sorted[Math.floor(place)]!;
  const high = sorted[Math.ceil(place)]!;
  return low + (high - low) * (place - Math.floor(place));
}

/**
 * The order statistics around the median that hold it with 95 % confidence (normal approximation).
 */
export function medianInterval(values: readonly number[]): [number, number] {
  const sorted = values.toSorted((a, b) => a - b);
  const half = (1.96 * Math.sqrt(sorted.length)) / 2;
  const low = Math.max(0, Math.floor(sorted.length / 2 - half));
  const high = Math.min(sorted.length - 1, Math.ceil(sorted.length / 2 + half));
  return [sorted[low]!, sorted[high]!];
}

/** Runs `work` until `seconds` have passed; returns how often it ran. */
export async function repeat(seconds: number, work: () => Promise<unknown>): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let count = 0;
  while (performance.now() < end) {
    await work();
    count += 1;
  }
  return count;
}

/** The same with `callers` at once, each waiting for its own work before the next. */
export async function together(
  callers: number,
  seconds: number,
  work: (caller: number) => Promise<unknown>,
): Promise<number> {
  const end = performance.now() + seconds * 1000;
  async function caller(index: number): Promise<number> {
    let count = 0;
    while (performance.now() < end) {
      await work(index);
      count += 1;
    }
    return count;
  }
  const counts = await Promise.all(Array.from({ length: callers }, (_, index) => caller(index)));
  return counts.reduce((sum, count) => sum + count, 0);
}
