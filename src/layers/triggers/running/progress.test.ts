import { expect, test } from 'vitest';
import { open } from '../../../index.ts';
import type { Ledger, Mutation, Position } from '../../../ledger/index.ts';
import { ManualClock } from '../../../testing/index.ts';
import { controlScope, configKey, shardCount } from '../keyspace.ts';
import { TriggerRecords } from '../trigger-records.ts';
import { Progress } from './progress.ts';
import type { Setting } from './setting.ts';
import type { Shard } from './shard.ts';

const report: Mutation = { kind: 'set', scope: controlScope('t'), key: 'worker/me', value: {} };

interface Standing {
  low: Position;
  base: Position;
  wanted: number;
}

/** Of a process that owns every shard of a trigger, all of which stand at one place. */
async function progressOf(ledger: Ledger, clock: ManualClock) {
  const records = new TriggerRecords(ledger, 't');
  const config = await records.register({ scope: 'in' }, 'now', 60_000);
  const { position } = await ledger.head();
  const own = { isOver: false, ownership: { check: () => ({ kind: 'version', ...ref, version }) } };
  const ref = { scope: controlScope('t'), key: configKey };
  const { version } = config;
  const shards = new Map<number, Shard & Standing>();
  for (let index = 0; index < shardCount; index += 1) {
    const shard = { ...own, index, low: position, base: position, wanted: 0 };
    shards.set(index, shard as unknown as Shard & Standing);
  }
  const setting = { name: 't', ledger, host: { clock }, plan: { holdMs: 60_000 } };
  const parts = { setting: setting as unknown as Setting, records, shards, report: () => report };
  const progress = new Progress(parts);
  progress.configVersion = version;
  return { progress, records, shards: [...shards.values()] };
}

test('a change that came just before the last write of positions is not lag for ever', async () => {
  await using store = await open('memory:');
  const { ledger } = store.app('a');
  const clock = new ManualClock();
  const { progress, records, shards } = await progressOf(ledger, clock);
  // The change is committed, not yet read, when the positions before it are written.
  const before = (await ledger.head()).position;
  const change: Mutation = { kind: 'set', scope: 'in', key: 'k', value: 1 };
  const answer = await ledger.commit({ mutations: [change] });
  shards[0]!.base = { ...before, revision: before.revision - 1 };
  await progress.write();
  for (const shard of shards) Object.assign(shard, { low: answer.position });
  for (const shard of shards) shard.wanted = answer.position.revision;
  expect((await records.status()).lag).toBeGreaterThan(0);
  clock.advance(60_000);
  await progress.writeIfIdle();
  expect((await records.status()).lag).toBe(0);
});

test('what the positions themselves move of the log is no reason to write them again', async () => {
  await using store = await open('memory:');
  const { ledger } = store.app('a');
  const clock = new ManualClock();
  const { progress, shards } = await progressOf(ledger, clock);
  const { position } = await ledger.head();
  const there = await ledger.commit({ mutations: [report] });
  for (const shard of shards) shard.low = there.position;
  clock.advance(60_000);
  await progress.writeIfIdle();
  expect((await ledger.head()).position.revision).toBe(position.revision + 1);
});
