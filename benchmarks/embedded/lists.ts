/** Appending to a list costs the item, not the list. */
import { open } from '../../src/index.ts';
import type { List } from '../../src/index.ts';
import { medianInterval, median } from '../measure.ts';
import type { Report } from '../report.ts';
import { valueOf } from '../ledger/fixture.ts';
import { temporaryFolder } from './folder.ts';
import type { Effort } from './index.ts';

const appendsPerRound = 200;

interface Subject {
  readonly length: number;
  /** Lists of that length, and how often each may be appended to before it is too long. */
  lists(): Promise<{ readonly lists: readonly List[]; readonly each: number }>;
}

export async function measureLists(report: Report, { rounds, longList }: Effort): Promise<void> {
  using folder = temporaryFolder();
  const store = await open(`file:${folder.path}/lists.db`);
  const app = store.app('bench');
  let made = 0;
  const filled = async (length: number): Promise<List> => {
    made += 1;
    const list = app.list(`list-${made}`);
    for (let n = 0; n < length; n += 500) {
      const items = Array.from({ length: Math.min(500, length - n) }, (_, at) => valueOf(n + at));
      await list.appendAll(items, { durability: 'relaxed' });
    }
    return list;
  };
  const fresh = (length: number, each: number): Subject => ({
    length,
    async lists() {
      const count = appendsPerRound / each;
      const lists = await Promise.all(Array.from({ length: count }, () => filled(length)));
      return { lists, each };
    },
  });
  const long = await filled(longList);
  const subjects: readonly Subject[] = [
    fresh(10, 2),
    fresh(1000, 100),
    { length: longList, lists: async () => ({ lists: [long], each: appendsPerRound }) },
  ];
  const rates = await measure(subjects, rounds);
  for (const [index, { length }] of subjects.entries()) {
    const ratios = rates[index]!.map((rate, round) => rate / rates[0]![round]!);
    const [low, high] = medianInterval(ratios);
    report.add({
      question: `append to a list of ${length.toLocaleString('en')} items, against one of 10`,
      target: 'flat: at least 0.9',
      met: median(ratios) >= 0.9,
      figures: { ratio: median(ratios), low, high, 'appends/s': median(rates[index]!) },
    });
  }
  await store.close();
}

/** Appends per second of each subject in each round; making the lists is not counted. */
async function measure(subjects: readonly Subject[], rounds: number): Promise<number[][]> {
  const rates = subjects.map((): number[] => []);
  for (let round = -1; round < rounds; round += 1) {
    for (const [index, subject] of subjects.entries()) {
      const { lists, each } = await subject.lists();
      const start = performance.now();
      for (const list of lists) {
        for (let n = 0; n < each; n += 1) await list.append(valueOf(n));
      }
      const seconds = (performance.now() - start) / 1000;
      // The first round warms up.
      if (round >= 0) rates[index]!.push(appendsPerRound / seconds);
    }
  }
  return rates;
}
