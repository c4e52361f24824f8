/** A store in Postgres, beside the same work by hand on the same server. */
import { open } from '../../../src/index.ts';
import type { Store } from '../../../src/index.ts';
import { PostgresServer } from '../../../test/servers/postgres.ts';
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
  await using postgres = await PostgresServer.start();
  await using store = await open(`${postgres.url()}?poolSize=16`);
  await using bare = await Bare.open(postgres.url());
  await fill(store, bare);
  await measureCommits(report, terms, store, bare);
  await measureReads(report, terms, store, bare);
  await measureApps(report, terms, store);
  await measureProcessor(report, terms, 'postgres', postgres.server, store);
  await measureCounter(report, terms, 'postgres', postgres.url());
}

async function fill(store: Store, bare: Bare): Promise<void> {
  const scope = store.app('one').scope('s');
  const all = Array.from({ length: keys }, (_, index) => [`k${index}`, value] as const);
  for (let start = 0; start < keys; start += 500) {
    await scope.setMany(all.slice(start, start + 500));
  }
  await bare.fill(all);
}

function keyOf(turn: number): string {
  return `k${(turn * 7919) % keys}`;
}

async function measureCommits(
  report: Report,
  terms: Terms,
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
  const question = 'postgres: 256 concurrent commits to one ledger, against a transaction each';
  report.addPair(question, 20, await compare(ours, limit, terms));
}

async function measureReads(report: Report, terms: Terms, store: Store, bare: Bare): Promise<void> {
  const scope = store.app('one').scope('s');
  let turn = 0;
  const ours = {
    run: (seconds: number) => together(callers, seconds, () => scope.get(keyOf((turn += 1)))),
  };
  const limit = {
    run: (seconds: number) => together(callers, seconds, () => bare.get(keyOf((turn += 1)))),
  };
  const question = 'postgres: 256 concurrent point reads, against a query each';
  report.addPair(question, 3, await compare(ours, limit, terms));
}

async function measureApps(report: Report, terms: Terms, store: Store): Promise<void> {
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
    question: 'postgres: 1,000 callers on 1,000 apps, against 1,000 on one app',
    target: 'told',
    met: undefined,
    figures: { ratio, low, high, 'many/s': ours, 'one/s': limit },
  });
}
