/** One counter that four processes raise at once, against compare-and-set with retries. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { compare } from '../../measure.ts';
import type { Report } from '../../report.ts';
import type { Terms } from '../index.ts';

const processes = 4;
const aim = 50_000;

async function turn(
  children: readonly ChildProcess[],
  kind: 'ours' | 'naive',
  seconds: number,
): Promise<number> {
  const answers = children.map((child) => once(child, 'message'));
  for (const child of children) child.send({ kind, seconds });
  const counts = (await Promise.all(answers)) as [number][];
  return counts.reduce((sum, [count]) => sum + count, 0);
}

export async function measureCounter(
  report: Report,
  terms: Terms,
  engine: string,
  url: string,
): Promise<void> {
  const script = join(import.meta.dirname, 'children', 'counter.ts');
  const children = Array.from({ length: processes }, () => fork(script, [url]));
  try {
    await Promise.all(children.map((child) => once(child, 'message')));
    const ours = { run: (seconds: number) => turn(children, 'ours', seconds) };
    const naive = { run: (seconds: number) => turn(children, 'naive', seconds) };
    const result = await compare(ours, naive, { pairs: terms.pairs, seconds: terms.seconds * 2 });
    report.add({
      question: `${engine}: one counter from 4 processes with 256 callers each`,
      target: `${aim.toLocaleString('en')}/s`,
      met: result.ours >= aim,
      figures: {
        'increments/s': result.ours,
        'compare-and-set with retries/s': result.limit,
        ratio: result.ratio,
        low: result.low,
        high: result.high,
      },
    });
  } finally {
    for (const child of children) child.disconnect();
    await Promise.all(children.map((child) => once(child, 'exit')));
  }
}
