/** Removes rows of a commit that never came, before their number is used again. */
import { limits } from '../../../ledger/index.ts';
import type { Mutation, Ownership } from '../../../ledger/index.ts';
import { rowKey } from '../keyspace.ts';
import { rowsOf } from './load.ts';
import { fenced } from './publish.ts';
import type { RunHome } from './run-home.ts';

/** Rows above `latest`, the number of the last manifest; -1 if there is none. */
export async function removeStrays(
  home: RunHome,
  ownership: Ownership,
  latest: number,
): Promise<void> {
  const strays: Mutation[] = [];
  for await (const { place, number } of rowsOf(home)) {
    if (number > latest) strays.push({ kind: 'delete', ...home.ref(rowKey(place, number)) });
  }
  await removeAll(home, ownership, strays);
}

/** In commits that fit, under the owner's fence. */
export async function removeAll(
  home: RunHome,
  ownership: Ownership,
  mutations: readonly Mutation[],
): Promise<void> {
  for (let from = 0; from < mutations.length; from += limits.mutationsPerProposal) {
    const share = mutations.slice(from, from + limits.mutationsPerProposal);
    const answer = await home.host.commit({ checks: [ownership.check()], mutations: share });
    if (answer.kind === 'conflict') throw fenced(home, ownership, answer);
  }
}
