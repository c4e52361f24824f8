/** What watchers cost: those that are stuck the writers, those that wait the process. */
import { open } from '../../src/index.ts';
import type { App, Store } from '../../src/index.ts';
import { temporaryFolder } from '../embedded/folder.ts';
import { compare, quantile, together } from '../measure.ts';
import type { Side } from '../measure.ts';
import type { Report } from '../report.ts';
import type { Terms } from './index.ts';

const writers = 64;
const stuckWatchers = 1000;

export async function measureWatchers(report: Report, terms: Terms): Promise<void> {
  using folder = temporaryFolder();
  await measureStuck(report, terms, folder.path);
  for (const where of ['memory:', `file:${folder.path}/fan-out.db`]) {
    await using store = await open(where);
    await measureFanOut(report, terms, store);
  }
}

function writing(app: App): Side {
  const scope = app.scope<number>('s');
  let next = 0;
  return {
    run: (seconds) =>
      together(writers, seconds, () => {
        next += 1;
        return scope.set(`k${next % 1000}`, next);
      }),
  };
}

async function measureStuck(report: Report, terms: Terms, folder: string): Promise<void> {
  await using alone = await open(`file:${folder}/alone.db`);
  await using watched = await open(`file:${folder}/watched.db`);
  const app = watched.app('a');
  const { position } = await app.scope('s').set('k0', 0);
  const watches = Array.from({ length: stuckWatchers }, (_, n) =>
    app.scope('s').watch(n % 2 === 0 ? { after: position } : { key: 'k0', after: position }),
  );
  const first = watches.map((watch) => watch.next());
  await app.scope('s').set('k0', 1);
  await Promise.all(first);
  const { pairs, seconds } = terms;
  const result = await compare(writing(app), writing(alone.app('a')), { pairs, seconds });
  const { ours, limit, ratio, low, high } = result;
  report.add({
    question: `${writers} writers with ${stuckWatchers} stuck watchers, to none`,
    target: 'the interval of the ratio includes 1',
    met: low <= 1 && high >= 1,
    figures: { ratio, low, high, 'with/s': ours, 'without/s': limit, pairs },
  });
  for (const watch of watches) await watch.return();
}

async function measureFanOut(report: Report, terms: Terms, store: Store): Promise<void> {
  const scope = store.app('a').scope<number>('s');
  const { position } = await scope.set('k', 0);
  const got: number[] = [];
  let last = Promise.withResolvers<void>();
  let startedAt = 0;
  let missing = 0;
  const watchings = Array.from({ length: terms.watchers }, (_, n) =>
    scope.watch(
      n % 2 === 0 ? { key: 'k', after: position } : { prefix: 'k', after: position },
      () => {
        got.push(performance.now() - startedAt);
        missing -= 1;
        if (missing === 0) last.resolve();
      },
    ),
  );
  const cpu: number[] = [];
  const all: number[] = [];
  // The first round opens the streams.
  for (let round = -1; round < terms.commits; round += 1) {
    got.length = 0;
    missing = terms.watchers;
    last = Promise.withResolvers<void>();
    const before = process.cpuUsage();
    startedAt = performance.now();
    await scope.set('k', round);
    await last.promise;
    const { user, system } = process.cpuUsage(before);
    if (round < 0) continue;
    cpu.push((user + system) / 1000);
    all.push(...got);
  }
  report.add({
    question: `one commit to ${terms.watchers} watchers (${store.url.split(':')[0]})`,
    target: 'reported',
    met: undefined,
    figures: {
      'p50 ms': quantile(all, 0.5),
      'p99 ms': quantile(all, 0.99),
      'CPU ms per commit': quantile(cpu, 0.5),
    },
  });
  for (const watching of watchings) await watching.stop();
}
