/** Takes back dead letters that somebody wants to be tried again. */
import type { Entry } from '../../../ledger/index.ts';
import { DeadLetters } from '../dead-letters.ts';
import type { DeadRow } from '../dead-letters.ts';
import {
  controlScope,
  deadPrefix,
  digestOfDead,
  laneOf,
  progressScope,
  replayPrefix,
  shardOfLane,
  valueRefs,
} from '../keyspace.ts';
import { keysOf } from '../stored-keys.ts';
import { parkMutations } from '../handling/burial.ts';
import { commitOnce } from '../handling/guarded-commit.ts';
import type { ParkedRow } from '../handling/parked-queue.ts';
import { causeOf } from './setting.ts';
import type { Setting } from './setting.ts';
import type { Shard } from './shard.ts';

export async function adoptReplays(
  setting: Setting,
  shards: ReadonlyMap<number, Shard>,
): Promise<void> {
  const { ledger, name } = setting;
  const scope = controlScope(name);
  for (const { key } of await keysOf(ledger, scope, replayPrefix)) {
    const id = key.slice(replayPrefix.length);
    const rowKey = deadPrefix + id;
    const { old, new: next } = valueRefs(name, rowKey);
    const [entry, oldEntry, newEntry] = await ledger.read([{ scope, key: rowKey }, old, next]);
    if (entry === undefined) {
      await ledger.commit({ mutations: [{ kind: 'delete', scope, key }], durability: 'relaxed' });
      continue;
    }
    const { head } = entry.value.decode() as DeadRow;
    const shard = shards.get(shardOfLane(laneOf(head.scope, head.key)));
    if (shard === undefined || shard.isOver || shard.isClosing) continue;
    await adopt(shard, id, entry, { old: oldEntry?.value, new: newEntry?.value });
  }
}

async function adopt(
  shard: Shard,
  id: string,
  entry: Entry,
  values: { readonly old: Entry['value'] | undefined; readonly new: Entry['value'] | undefined },
): Promise<void> {
  const { ledger, name, host } = shard.setting;
  const { head } = entry.value.decode() as DeadRow;
  const digest = digestOfDead(id);
  const key = shard.parking.keyOf(digest, head.position.revision);
  const row: ParkedRow = { head, failed: 0, retryAt: host.clock.now(), error: '' };
  const ref = { scope: progressScope(name), key };
  const [mutation, ...others] = parkMutations(name, key, row, values);
  if (mutation === undefined) return;
  const dead = { scope: controlScope(name), key: deadPrefix + id, version: entry.version };
  const guarded = await commitOnce(
    shard.guarded,
    { ref, version: 0, mutation, isDone: (there) => there !== undefined },
    {
      checks: [{ kind: 'version', ...dead }],
      mutations: [...others, ...new DeadLetters(ledger, name).removal(id)],
      cause: causeOf(name, head),
    },
  );
  if (guarded.kind === 'done') shard.parking.adopt(digest, { key, row });
}
