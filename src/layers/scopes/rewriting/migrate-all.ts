/**
 * Rewrites the entries of a scope that an older version of the code wrote, in batches.
 *
 * Each batch is one commit, checked against what it read: a concurrent write wins and is looked at
 * again. What cannot be migrated is reported and left as it is.
 */
import type { Entry, EntryHead, Mutation } from '../../../ledger/index.ts';
import { pagesOf } from '../scan.ts';
import type { Quotas } from '../declared-quotas.ts';
import type { ScopeHost } from '../scope-host.ts';
import type { MigrationReport } from '../scope-options.ts';
import { Retry } from '../transaction/retry.ts';
import type { ValueCodec } from '../values/value-codec.ts';

const batchEntries = 200;
const batchBytes = 8 * 1024 * 1024;
const attempts = 50;

interface Tally {
  migrated: number;
  current: number;
  readonly refused: { readonly key: string; readonly error: unknown }[];
}

interface Migrated<In, Out> {
  readonly name: string;
  readonly codec: ValueCodec<In, Out>;
  readonly quotas: Quotas;
}

export async function migrateAll<In, Out>(
  host: ScopeHost,
  scope: Migrated<In, Out>,
): Promise<MigrationReport> {
  const tally: Tally = { migrated: 0, current: 0, refused: [] };
  const { name, codec } = scope;
  const query = { scope: name, limit: 1000, keysOnly: true } as const;
  for await (const heads of pagesOf((page) => host.ledger.scan(page), query, {})) {
    const old = heads.filter(({ schema }) => schema !== codec.version);
    tally.current += heads.length - old.length;
    for (const keys of batchesOf(old)) await migrateBatch(host, scope, keys, tally);
  }
  return tally;
}

function* batchesOf(heads: readonly EntryHead[]): Generator<string[]> {
  let batch: string[] = [];
  let bytes = 0;
  for (const { key, size } of heads) {
    if (batch.length > 0 && (batch.length === batchEntries || bytes + size > batchBytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(key);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

async function migrateBatch<In, Out>(
  host: ScopeHost,
  { name: scope, codec, quotas }: Migrated<In, Out>,
  keys: readonly string[],
  tally: Tally,
): Promise<void> {
  const retry = new Retry(host, attempts, `migration of scope '${scope}'`);
  try {
    for (;;) {
      const entries = await host.reads.readAll(keys.map((key) => ({ scope, key })));
      const found: Tally = { migrated: 0, current: 0, refused: [] };
      const mutations: Mutation[] = [];
      const versions: number[] = [];
      for (const entry of entries) {
        const mutation = entry && (await migrationOf(codec, entry, found));
        if (mutation === undefined) continue;
        mutations.push(mutation);
        versions.push(entry?.version ?? 0);
      }
      const checks = mutations.map(({ key }, index) => {
        return { kind: 'version', scope, key, version: versions[index] ?? 0 } as const;
      });
      const proposal = { checks, mutations, quotas };
      const answer = mutations.length === 0 ? undefined : await host.commit(proposal);
      if (answer === undefined || answer.kind === 'committed') {
        tally.migrated += mutations.length;
        tally.current += found.current;
        tally.refused.push(...found.refused);
        return;
      }
      await retry.after(answer);
    }
  } finally {
    retry.release();
  }
}

/** Undefined for an entry that is current or refused, which is noted in `found`. */
async function migrationOf<In, Out>(
  codec: ValueCodec<In, Out>,
  entry: Entry,
  found: Tally,
): Promise<Mutation | undefined> {
  const { scope, key } = entry;
  if (entry.schema === codec.version) {
    found.current += 1;
    return undefined;
  }
  try {
    const value = codec.migrated(entry);
    await codec.encode(key, value as In);
    return { kind: 'set', scope, key, value, ttlMs: 'keep', schema: codec.version };
  } catch (error) {
    found.refused.push({ key, error });
    return undefined;
  }
}
