/** A store in Redis, beside a hand-batched script on the same server. */
import { open } from '../../../src/index.ts';
import type { Store } from '../../../src/index.ts';
import { RedisServer } from '../../../test/servers/redis.ts';
import { compare, together } from '../../measure.ts';
import type { Report } from '../../report.ts';
import type { Terms } from '../index.ts';
import { measureCounter } from '../rows/counter.ts';
import { measureProcessor } from '../rows/processor.ts';
import { Bare } from './bare.ts';

const callers = 256;
const keys = 10_000;
const value = { text: 'x'.repeat(110) };

export async function measure(report: Report, terms: Terms): Promise<void> {
  for (const appendfsync of ['always', 'everysec']) {
    await using redis = await RedisServer.start({ settings: { appendfsync } });
    await using store = await open(redis.url());
    await using bare = await Bare.open(redis.port);
    const name = `redis, ${appendfsync}`;
    await measureCommits(report, terms, name, store, bare);
    if (appendfsync === 'everysec') continue;
    await measureReads(report, terms, name, store, bare);
    await measureApps(report, terms, name, store);
    await measureProcessor(report, terms, name, redis.server, store);
    await measureCounter(report, terms, name, redis.url());
  }
}

function keyOf(turn: number): string {
  return `k${(turn * 7919) % keys}`;
}

async function measureCommits(
  report: Report,
  terms: Terms,
  name: string,
  store: Store,
  bare: Bare,
): Promise<void> {
  const scope = store.app('one').scope('s');
  let turn = 0;
  const ours = {
    run: (seconds: number) =>
      together(callers, seconds, () => scope.set(keyOf((turn += 1)), value)),
  };
  const limit = {
    run: (seconds: number) =>
      together(callers, seconds, () => bare.commit(keyOf((turn += 1)), value)),
  };
  const question = `${name}: 256 concurrent commits to one ledger, against a hand-batched script`;
  report.addPair(question, 0.7, await compare(ours, limit, terms));
}

async function measureReads(
  report: Report,
  terms: Terms,
  name: string,
  store: Store,
  bare: Bare,
): Promise<void> {
  const scope = store.app('one').scope('s');
  let turn = 0;
  const ours = {
    run: (seconds: number) => together(callers, seconds, () => scope.get(keyOf((turn += 1)))),
  };
  const limit = {
    run: (seconds: number) => together(callers, seconds, () => bare.get(keyOf((turn += 1)))),
  };
  const { ours: rate, limit: other, ...rest } = await compare(ours, limit, terms);
  report.add({
    question: `${name}: 256 concurrent point reads, against a command each`,
    target: 'told',
    met: undefined,
    figures: {
      ratio: rest.ratio,
      low: rest.low,
      high: rest.high,
      'reads/s': rate,
      'bare/s': other,
    },
  });
}

async function measureApps(
  report: Report,
  terms: Terms,
  name: string,
  store: Store,
): Promise<void> {
  const apps = Array.from({ length: 1000 }, (_, index) => store.app(`app-${index}`).scope('s'));
  const one = store.app('one').scope('s');
  let turn = 0;
  const many = {
    run: (seconds: number) =>
      together(apps.length, seconds, (caller) => apps[caller]!.set(keyOf((turn += 1)), value)),
  };
  const single = {
    run: (seconds: number) =>
      together(apps.length, seconds, () => one.set(keyOf((turn += 1)), value)),
  };
  const { ours, limit, ratio, low, high } = await compare(many, single, terms);
  report.add({
    question: `${name}: 1,000 callers on 1,000 apps, against 1,000 on one app`,
    target: 'told',
    met: undefined,
    figures: { ratio, low, high, 'many/s': ours, 'one/s': limit },
  });
}
