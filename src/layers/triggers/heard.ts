/** How far behind a trigger is: revisions from the first change that it has yet to handle on. */
import type { Ledger, Position } from '../../ledger/index.ts';
import type { TriggerFilter } from './trigger-options.ts';

export async function lagOf(
  ledger: Ledger,
  position: Position,
  { scope, key, prefix, kinds }: TriggerFilter,
): Promise<number> {
  for (let after = position; ;) {
    const page = await ledger.log(after, { scope, key, prefix, keysOnly: true });
    if (page.kind !== 'commits') return page.head.revision - position.revision;
    const first = page.commits.find(({ changes }) =>
      changes.some((change) => {
        if (scope === undefined && change.scope.startsWith('$')) return false;
        return kinds?.includes(change.kind) ?? true;
      }),
    );
    if (first !== undefined) return page.head.revision - first.position.revision + 1;
    if (page.through.revision >= page.head.revision) return 0;
    after = page.through;
  }
}
