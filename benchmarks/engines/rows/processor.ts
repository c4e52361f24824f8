/** What a commit costs in processor time, in the client and in all processes of the server. */
import { readFileSync } from 'node:fs';
import type { Store } from '../../../src/index.ts';
import { childrenOf } from '../../../test/servers/keeper.ts';
import type { Server } from '../../../test/servers/server.ts';
import { together } from '../../measure.ts';
import type { Report } from '../../report.ts';
import type { Terms } from '../index.ts';

const ticksPerSecond = 100;

/** Microseconds that the server has run, its ended processes included. */
function serverTime(pid: number): number {
  const ticks = [pid, ...childrenOf(pid)].reduce((sum, each) => {
    const stat = readFileSync(`/proc/${each}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const own = Number(fields[11]) + Number(fields[12]);
    const ended = each === pid ? Number(fields[13]) + Number(fields[14]) : 0;
    return sum + own + ended;
  }, 0);
  return (ticks / ticksPerSecond) * 1_000_000;
}

export async function measureProcessor(
  report: Report,
  terms: Terms,
  engine: string,
  server: Server,
  store: Store,
): Promise<void> {
  const scope = store.app('one').scope('s');
  const figures: Record<string, number> = {};
  for (const callers of [1, 256]) {
    let turn = 0;
    const seconds = terms.pairs * terms.seconds;
    const before = [process.cpuUsage(), serverTime(server.pid)] as const;
    const commits = await together(callers, seconds, () =>
      scope.set(`k${(turn += 1) % 10_000}`, { text: 'x'.repeat(110) }),
    );
    const { user, system } = process.cpuUsage(before[0]);
    const spent = serverTime(server.pid) - before[1];
    figures[`client µs, ${callers} callers`] = (user + system) / commits;
    figures[`server µs, ${callers} callers`] = spent / commits;
    figures[`commits/s, ${callers} callers`] = commits / seconds;
  }
  report.add({
    question: `${engine}: processor time of a commit`,
    target: 'told',
    met: undefined,
    figures,
  });
}
