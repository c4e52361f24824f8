/** What waits in one ledger to be committed. */
import type { QuotaGrowth } from '../rules/growth.ts';
import type { CommitAnswer } from '../proposal.ts';
import type { Prepared } from '../door/prepared.ts';
import type { GroupRules } from './group-run.ts';

export interface Waiting {
  readonly prepared: Prepared;
  resolve(answer: CommitAnswer): void;
  reject(error: unknown): void;
}

/** One ledger's waiting proposals, and what to do with a decided group of them. */
export interface Lane {
  readonly name: string;
  rules(): GroupRules;
  readonly waiting: Waiting[];
  /** Called for each applied group before its callers are answered. */
  applied(growths: readonly QuotaGrowth[]): void;
}
