/** The same five things done by everybody, one caller at a time and 64 at once. */
import { compareAll, repeat, together, warmSecondsFor } from '../measure.ts';
import type { Standing } from '../measure.ts';
import type { Report } from '../report.ts';
import { pick, valueOf } from '../ledger/fixture.ts';
import { openByHand } from './contenders/by-hand.ts';
import { accountOf, groupOf, groups, keyOf, keysPerGroup } from './contenders/contender.ts';
import type { Contender, Row } from './contenders/contender.ts';
import { openDenoKv } from './contenders/deno-kv.ts';
import { openHoldfast } from './contenders/holdfast.ts';
import { openKeyv } from './contenders/keyv.ts';
import { openUnstorage } from './contenders/unstorage.ts';
import { temporaryFolder } from './folder.ts';
import type { Effort } from './index.ts';

const callers = 64;
const accounts = 1000;
/** Those that Holdfast should be ahead of; the others are told beside them. */
const libraries: readonly string[] = ['@deno/kv', 'keyv'];

export async function measureRows(report: Report, effort: Effort): Promise<void> {
  using folder = temporaryFolder();
  const contenders = await openAll(folder.path);
  for (const { name, durability } of contenders) {
    report.add({
      question: `what is in force: ${name}`,
      target: 'told, not judged',
      met: undefined,
      figures: { durability },
    });
  }
  for (const contender of contenders) await fill(contender);
  for (const row of ['set', 'get', 'list', 'counter', 'transaction'] as const) {
    for (const count of [1, callers]) {
      const sides = contenders.map((contender) => {
        const act = actOf(contender, row);
        const run = (seconds: number): Promise<number> =>
          count === 1 ? repeat(seconds, act) : together(count, seconds, act);
        return { name: contender.name, run, settle: () => contender.settle?.() };
      });
      const warmSeconds = warmSecondsFor(count, effort);
      const standings = await compareAll(sides, { ...effort, warmSeconds });
      addRow(report, row, count, contenders, standings);
    }
  }
  for (const contender of contenders) await contender.close();
}

async function openAll(folder: string): Promise<readonly Contender[]> {
  return [
    await openHoldfast(folder),
    await openDenoKv(folder),
    await openKeyv(folder),
    await openByHand(folder),
    await openUnstorage(folder),
  ];
}

async function fill(contender: Contender): Promise<void> {
  for (let group = 0; group < groups; group += 1) {
    const keys = Array.from({ length: keysPerGroup }, (_, n) => keyOf(groupOf(group), n));
    await Promise.all(keys.map((key, n) => contender.set(key, valueOf(n))));
  }
}

function actOf(contender: Contender, row: Row): () => Promise<unknown> {
  let n = 0;
  const someKey = () => keyOf(groupOf(1 + pick(groups - 1)), pick(keysPerGroup));
  switch (row) {
    case 'set':
      return () => contender.set(someKey(), valueOf((n += 1)));
    case 'get':
      return () => contender.get(someKey());
    case 'list':
      return async () => {
        const found = await contender.list(groupOf(pick(groups)));
        if (found !== keysPerGroup) throw new Error(`${contender.name} listed ${found}`);
      };
    case 'counter':
      return () => contender.increment();
    case 'transaction':
      return () => {
        const from = pick(accounts);
        return contender.transfer(accountOf(from), accountOf(from + 1 + pick(accounts - 1)));
      };
  }
}

function addRow(
  report: Report,
  row: Row,
  count: number,
  contenders: readonly Contender[],
  standings: readonly Standing[],
): void {
  const figures: Record<string, number | string> = {};
  for (const [index, { name, rate, ratio, low, high }] of standings.entries()) {
    figures[`${name}/s`] = rate;
    if (index === 0) continue;
    figures[`times ${name}`] = ratio;
    figures[`times ${name}, interval`] = `${low.toFixed(2)} to ${high.toFixed(2)}`;
    const weaker = contenders[index]?.weaker?.[row];
    if (weaker !== undefined) figures[`${name} is weaker`] = weaker;
  }
  const rivals = standings.filter(({ name }) => libraries.includes(name));
  report.add({
    question: `${row}, ${count === 1 ? 'one caller' : `${count} callers`}`,
    target: `ahead of ${libraries.join(' and ')}`,
    met: rivals.every(({ ratio }) => ratio > 1),
    figures,
  });
}
