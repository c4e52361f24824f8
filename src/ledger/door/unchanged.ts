/** Commits with checks of whole scopes: what is dead by then goes along, so that it counts. */
import type { Head, Ref } from '../../engine/index.ts';
import type { Position } from '../position.ts';
import type { CheckFailure, CommitAnswer } from '../proposal.ts';
import type { Prepared } from './prepared.ts';

export interface UnchangedParts {
  /** Learns of incarnations that others began. */
  refresh(): Promise<Head>;
  knows(position: Position, head: Head): boolean;
  /** What is dead, or will be in a moment, in some scopes. */
  due(scopes: ReadonlySet<string>): Promise<Ref[]>;
  submit(prepared: Prepared): Promise<CommitAnswer>;
}

/** A scope's dead count as changed even before they are swept. */
export async function commitUnchanged(
  prepared: Prepared,
  parts: UnchangedParts,
): Promise<CommitAnswer> {
  const scopes = new Set(
    prepared.checks.filter(({ ref }) => ref === undefined).map(({ address }) => address),
  );
  await parts.refresh();
  for (;;) {
    const sweeps = await parts.due(scopes);
    const answer = await parts.submit({ ...prepared, sweeps });
    if (answer.kind === 'committed' || !answer.failures.some(isDoubtful)) return answer;
    // Another process's first commit began an incarnation that nobody here knew of: ask again.
    const head = await parts.refresh();
    const isMistaken = ({ check, actual }: CheckFailure): boolean =>
      isDoubtful({ check, actual }) && check.kind === 'unchanged' && parts.knows(check.since, head);
    if (!answer.failures.some(isMistaken)) return answer;
  }
}

/** Whether a scope check failed although nothing changed since: its position was not known. */
function isDoubtful({ check, actual }: Pick<CheckFailure, 'check' | 'actual'>): boolean {
  return check.kind === 'unchanged' && actual <= check.since.revision;
}
