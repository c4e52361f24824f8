/**
 * Holdfast as an embedded store, beside what people use today for the same.
 *
 * `npm run bench -- embedded quick` takes a few short rounds: to see that it runs, not to quote.
 */
import { warmSecondsOfOneCaller } from '../measure.ts';
import { Report } from '../report.ts';
import { measureLayer } from './layer.ts';
import { measureLists } from './lists.ts';
import { measureRows } from './rows.ts';

/** How long everything is measured. */
export interface Effort {
  readonly rounds: number;
  /** Of one side's turn. */
  readonly seconds: number;
  /** At the start of each turn, not counted. */
  readonly leadSeconds: number;
  /** Of one caller, before it counts. */
  readonly warmSeconds: number;
  readonly longList: number;
}

const whole: Effort = {
  rounds: 16,
  seconds: 0.25,
  leadSeconds: 0.1,
  warmSeconds: warmSecondsOfOneCaller,
  longList: 100_000,
};
const quick: Effort = {
  rounds: 5,
  seconds: 0.05,
  leadSeconds: 0.01,
  warmSeconds: 0.05,
  longList: 5000,
};

export async function run([mode]: readonly string[]): Promise<void> {
  if (mode !== undefined && mode !== 'quick') throw new Error(`'quick' or nothing, not '${mode}'`);
  const effort = mode === 'quick' ? quick : whole;
  const report = new Report('embedded');
  await measureRows(report, effort);
  await measureLists(report, effort);
  await measureLayer(report, effort);
  if (mode === 'quick') console.log('\nquick: nothing was written');
  else report.write();
}
