/** Which changes a trigger listens to, and how many of them it has yet to handle. */
import type { Change, Ledger, Position } from '../../ledger/index.ts';
import type { TriggerFilter } from './trigger-options.ts';

/** Whether a change of its place is one that a trigger listens to. */
export function isHeard({ scope, kind }: Change, filter: TriggerFilter): boolean {
  if (filter.scope === undefined && scope.startsWith('$')) return false;
  return filter.kinds?.includes(kind) ?? true;
}

/** How far behind it is: revisions from the first change that it has yet to handle on. */
export async function lagOf(
  ledger: Ledger,
  position: Position,
  filter: TriggerFilter,
): Promise<number> {
  const { scope, key, prefix } = filter;
  for (let after = position; ;) {
    const page = await ledger.log(after, { scope, key, prefix, keysOnly: true });
    if (page.kind !== 'commits') return page.head.revision - position.revision;
    const first = page.commits.find(({ changes }) =>
      changes.some((change) => isHeard(change, filter)),
    );
    if (first !== undefined) return page.head.revision - first.position.revision + 1;
    if (page.through.revision >= page.head.revision) return 0;
    after = page.through;
  }
}
