/**
 * `npm run bench -- engines [NAME] [quick]`: stores on servers, beside the bare server.
 *
 * Each engine has a folder with its rows and starts a private server of its own.
 */
import { Report } from '../report.ts';
import * as postgres from './postgres/index.ts';
import * as redis from './redis/index.ts';

export interface Terms {
  /** Interleaved pairs of each comparison, and the length of each side's turn. */
  readonly pairs: number;
  readonly seconds: number;
}

const engines: Readonly<Record<string, (report: Report, terms: Terms) => Promise<void>>> = {
  postgres: postgres.measure,
  redis: redis.measure,
};

export async function run(args: readonly string[]): Promise<void> {
  const terms = args.includes('quick') ? { pairs: 2, seconds: 0.3 } : { pairs: 7, seconds: 1 };
  const named = args.filter((arg) => Object.hasOwn(engines, arg));
  const report = new Report('engines');
  for (const [name, measure] of Object.entries(engines)) {
    if (named.length > 0 && !named.includes(name)) continue;
    console.log(`\n${name}`);
    await measure(report, terms);
  }
  if (!args.includes('quick') && named.length === 0) report.write();
}
