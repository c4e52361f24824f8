/** What is written when an event is parked, tried again, or given up. */
import type { Entry, Mutation, StoredValue } from '../../../ledger/index.ts';
import type { DeadRow } from '../dead-letters.ts';
import {
  controlScope,
  deadId,
  deadPrefix,
  digestOf,
  progressScope,
  valueRefs,
} from '../keyspace.ts';
import { TriggerEvent } from '../trigger-event.ts';
import type { DeadReason } from '../trigger-options.ts';
import { backoffMs } from './backoff.ts';
import { commitOnce } from './guarded-commit.ts';
import type { Guard } from './guarded-commit.ts';
import type { ParkedEntry, ParkedRow } from './parked-queue.ts';
import { causeOf } from '../running/setting.ts';
import { settle } from './settle.ts';
import type { Shard } from '../running/shard.ts';

const messageChars = 1000;

export interface Values {
  readonly old: StoredValue | undefined;
  readonly new: StoredValue | undefined;
}

/** Writes a parked event with its values. */
export function parkMutations(name: string, key: string, row: ParkedRow, values: Values) {
  const mutations: Mutation[] = [{ kind: 'set', scope: progressScope(name), key, value: row }];
  mutations.push(...valueMutations(name, key, values));
  return mutations;
}

/** Writes a dead letter with its values. */
export function burial(name: string, row: DeadRow, values: Values): Mutation[] {
  const { scope, key: ofEvent, position } = row.head;
  const key = deadPrefix + deadId(digestOf(scope, ofEvent), position.revision);
  const mutations: Mutation[] = [{ kind: 'set', scope: controlScope(name), key, value: row }];
  mutations.push(...valueMutations(name, key, values));
  return mutations;
}

/** Gives a parked event up. False if the shard is lost. */
export async function bury(shard: Shard, entry: ParkedEntry, reason: DeadReason): Promise<boolean> {
  const stored = await read(shard, entry);
  if (stored === undefined) return true;
  const { name, host } = shard.setting;
  const { head, failed: attempts, error } = entry.row;
  const row = { head, reason, attempts, error, time: host.clock.now() };
  const mutations = [...burial(name, row, stored.values), ...valuesGone(name, entry.key)];
  const cause = causeOf(name, head);
  const guarded = await commitOnce(shard.guarded, gone(shard, entry, stored.version), {
    mutations,
    cause,
  });
  return guarded.kind === 'done';
}

/** Tries a parked event. What it is afterwards, or that it is gone or the shard lost. */
export async function retryParked(
  shard: Shard,
  entry: ParkedEntry,
): Promise<ParkedEntry | 'gone' | 'lost'> {
  const stored = await read(shard, entry);
  if (stored === undefined) return 'gone';
  const { setting } = shard;
  const { name, plan, host, ledger } = setting;
  const { head, failed } = entry.row;
  const guard = gone(shard, entry, stored.version);
  const { old: oldValue, new: newValue } = stored.values;
  const settled = await settle(shard, {
    guard,
    mutations: valuesGone(name, entry.key),
    isWritten: true,
    event: () =>
      new TriggerEvent({
        app: ledger.name,
        trigger: name,
        head,
        oldValue,
        newValue,
        attempt: failed + 1,
      }),
  });
  if (settled.kind === 'lost') return 'lost';
  if (settled.kind === 'done') return 'gone';
  const { error, event } = settled;
  setting.counters.failed += 1;
  plan.onError(error, event);
  const count = failed + 1;
  const waitMs = backoffMs(plan.retry, count, error, host.random);
  const row = { head, failed: count, retryAt: host.clock.now() + waitMs, error: messageOf(error) };
  if (count >= plan.retry.attempts) {
    return (await bury(shard, { key: entry.key, row }, 'failed')) ? 'gone' : 'lost';
  }
  const ref = { scope: progressScope(name), key: entry.key };
  const noted = await commitOnce(
    shard.guarded,
    {
      ref,
      version: stored.version,
      mutation: { kind: 'set', ...ref, value: row },
      isDone: (there) => (there?.value.decode() as ParkedRow | undefined)?.failed === count,
    },
    { cause: causeOf(name, head) },
  );
  return noted.kind === 'done' ? { key: entry.key, row } : 'lost';
}

export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text === '' ? 'an error without a message' : text).slice(0, messageChars).toWellFormed();
}

interface StoredParked {
  readonly version: number;
  readonly values: Values;
}

/** Undefined if it is gone. */
async function read(shard: Shard, { key }: ParkedEntry): Promise<StoredParked | undefined> {
  const { ledger, name, patience, signal } = shard.setting;
  const { old, new: next } = valueRefs(name, key);
  const refs = [{ scope: progressScope(name), key }, old, next];
  const found: readonly (Entry | undefined)[] =
    (await patience.until(() => ledger.read(refs), signal)) ?? [];
  const [row, oldEntry, newEntry] = found;
  if (row === undefined) return undefined;
  return { version: row.version, values: { old: oldEntry?.value, new: newEntry?.value } };
}

function gone(shard: Shard, { key }: ParkedEntry, version: number): Guard {
  const ref = { scope: progressScope(shard.setting.name), key };
  return {
    ref,
    version,
    mutation: { kind: 'delete', ...ref },
    isDone: (entry) => entry === undefined,
  };
}

function valueMutations(name: string, key: string, values: Values): Mutation[] {
  const refs = valueRefs(name, key);
  const mutations: Mutation[] = [];
  if (values.old !== undefined) mutations.push({ kind: 'set', ...refs.old, value: values.old });
  if (values.new !== undefined) mutations.push({ kind: 'set', ...refs.new, value: values.new });
  return mutations;
}

function valuesGone(name: string, key: string): Mutation[] {
  const refs = valueRefs(name, key);
  return [
    { kind: 'delete', ...refs.old },
    { kind: 'delete', ...refs.new },
  ];
}
