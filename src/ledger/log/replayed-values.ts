/** The values that a lost receipt had, for its repeat: the window keeps none, the log does. */
import { HoldfastError } from '../../errors/index.ts';
import type { Ref } from '../../engine/index.ts';
import type { LogPage } from '../commit.ts';
import type { Receipt } from '../proposal.ts';

/**
 * `page` is the log from the receipt's commit on. Several mutations of one key get what they came
 * to together. Throws `outcome_unknown` if the log is gone: it was applied, with values unknown.
 */
export function withValues(receipt: Receipt, refs: readonly Ref[], page: LogPage): Receipt {
  const { revision } = receipt.position;
  const commits = page.kind === 'commits' ? page.commits : [];
  const commit = commits.find(({ position }) => position.revision === revision);
  if (commit === undefined) {
    const message = 'it was applied, but the log no longer tells with which values';
    throw new HoldfastError('outcome_unknown', message, { details: { revision } });
  }
  const results = receipt.results.map((result, index) => {
    const ref = refs[index];
    const change = commit.changes.find(({ scope, key }) => scope === ref?.scope && key === ref.key);
    if (change === undefined) return result;
    return { ...result, previous: change.previous?.value, value: change.value };
  });
  return { ...receipt, results };
}
