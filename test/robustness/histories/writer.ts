/** One process with several writers at once on the store at a URL; prints a record of each call. */
import { open } from '../../../src/index.ts';
import { seededRandom } from '../../../src/internal/random.ts';
import type { Random } from '../../../src/internal/random.ts';
import type { Check, Ledger, Mutation, Position } from '../../../src/ledger/index.ts';
import { keys, scope } from './record.ts';
import type { HistoryRecord } from './record.ts';

const [, , url = '', seed, writers, calls] = process.argv;
const store = await open(url, { sweepMs: 0, busyTimeoutMs: 60_000, cacheBytes: 1_000_000 });
const { ledger } = store.app('history');
const records: HistoryRecord[] = [];

function now(): string {
  return process.hrtime.bigint().toString();
}

async function read(from: Ledger, chosen: readonly string[]): Promise<Record<string, number>> {
  const entries = await from.read(chosen.map((key) => ({ scope, key })));
  return Object.fromEntries(chosen.map((key, index) => [key, entries[index]?.version ?? 0]));
}

function someKeys(random: Random): string[] {
  const chosen = keys.filter(() => random.float() < 0.5);
  return chosen.length > 0 ? chosen : [keys[0]];
}

function mutationOf(key: string, random: Random): Mutation {
  const roll = random.float();
  if (roll < 0.15) return { kind: 'delete', scope, key };
  if (roll < 0.5) return { kind: 'set', scope, key, value: Math.floor(random.float() * 1000) };
  return { kind: 'update', scope, key, operations: [{ op: 'increment' }] };
}

async function commit(
  random: Random,
  known: Record<string, number>,
  since: Position | undefined,
): Promise<void> {
  const wrote = someKeys(random);
  const isChecked = random.float() < 0.6;
  const checked = isChecked ? known : {};
  const checks: Check[] = Object.entries(checked).map(([key, version]) => {
    return { kind: 'version', scope, key, version };
  });
  const unchangedSince = isChecked ? undefined : since?.revision;
  if (!isChecked && since !== undefined) checks.push({ kind: 'unchanged', scope, since });
  const asked = now();
  const mutations = wrote.map((key) => mutationOf(key, random));
  const durability = random.float() < 0.5 ? 'sync' : 'relaxed';
  const answer = await ledger.commit({ checks, mutations, durability });
  const answered = now();
  if (answer.kind === 'conflict') {
    const at = answer.position.revision;
    records.push({ kind: 'conflict', asked, answered, checked, unchangedSince, at });
    return;
  }
  if (answer.results.every(({ change }) => change === 'none')) return;
  const changed = wrote.filter((_, index) => answer.results[index]?.change !== 'none');
  const { revision } = answer.position;
  records.push({
    kind: 'commit',
    asked,
    answered,
    revision,
    checked,
    unchangedSince,
    wrote: changed,
  });
}

async function writer(number: number): Promise<void> {
  const random = seededRandom(Number(seed) * 1000 + number);
  for (let call = 0; call < Number(calls); call += 1) {
    const asked = now();
    const chosen = someKeys(random);
    const versions = await read(ledger, chosen);
    records.push({ kind: 'read', asked, answered: now(), versions });
    const since = random.float() < 0.3 ? (await ledger.head()).position : undefined;
    await commit(random, versions, since);
  }
}

await Promise.all(Array.from({ length: Number(writers) }, (_, number) => writer(number)));
await store.close();
process.stdout.write(JSON.stringify(records));
