/**
 * `npm run bench -- reactive [quick]`: what reacting costs, beside a bare consumer of Redis streams
 * and a listener of Postgres. Redis and Postgres are left out where they are not installed.
 */
import { Report } from '../report.ts';
import { measureConsumers } from './consumers.ts';
import { measureWatchers } from './watchers.ts';

export interface Terms {
  readonly pairs: number;
  readonly seconds: number;
  readonly watchers: number;
  readonly commits: number;
  readonly events: number;
  readonly rounds: number;
}

const full: Terms = {
  pairs: 20,
  seconds: 1,
  watchers: 10_000,
  commits: 50,
  events: 100_000,
  rounds: 500,
};
const quick: Terms = {
  pairs: 3,
  seconds: 0.3,
  watchers: 10_000,
  commits: 5,
  events: 20_000,
  rounds: 50,
};

export async function run(args: readonly string[]): Promise<void> {
  const isQuick = args.includes('quick');
  const terms = isQuick ? quick : full;
  const report = new Report('reactive');
  await measureWatchers(report, terms);
  await measureConsumers(report, terms);
  if (!isQuick) report.write();
}
