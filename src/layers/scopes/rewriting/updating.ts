/**
 * Updates that must see what is there: functions, and operations whose outcome a schema must judge.
 *
 * A synchronous schema lets them run in the ledger's queue of functions, where those that wait for
 * one key become one chain. What has a version or an asynchronous schema is read, rewritten and
 * checked.
 */
import { checkOperations } from '../../../ledger/index.ts';
import type { Operation, Position, StoredValue } from '../../../ledger/index.ts';
import { checkedAnswer, operated, rewrite, storedOf } from './rewrite.ts';
import type { NextValue } from './rewrite.ts';
import type { Quotas } from '../declared-quotas.ts';
import type { ScopeHost } from '../scope-host.ts';
import type { WriteOptions, Written } from '../scope-options.ts';
import type { Encoded, ValueCodec } from '../values/value-codec.ts';

export type UpdateFunction<In, Out> = (current: Out | undefined) => In;

export interface Updating<In, Out> {
  readonly host: ScopeHost;
  readonly scope: string;
  readonly key: string;
  readonly codec: ValueCodec<In, Out>;
  readonly change: readonly Operation[] | UpdateFunction<In, Out>;
  readonly ttlMs: number | null | undefined;
  readonly quotas: Quotas;
  readonly durability: WriteOptions['durability'];
}

export interface Updated extends Written {
  readonly position: Position;
  readonly before: Encoded | undefined;
  readonly after: StoredValue | undefined;
}

/** Thrown inside a queued function to say that it has to wait for its schema. */
const mustWait = new Error('the schema is asynchronous');

export async function updateEntry<In, Out>(updating: Updating<In, Out>): Promise<Updated> {
  const { codec, change } = updating;
  const checked = typeof change === 'function' ? change : checkOperations(change);
  const job = { ...updating, change: checked };
  if (codec.isVersioned || codec.isAsynchronous) return reread(job);
  try {
    return await queued(job);
  } catch (error) {
    if (error !== mustWait) throw error;
    return reread(job);
  }
}

async function queued<In, Out>(job: Updating<In, Out>): Promise<Updated> {
  const { host, scope, key, codec, ttlMs, durability, quotas } = job;
  const run = (value: unknown): unknown => {
    const next = nextOf(job, value, (migrated) => atOnce(codec.judged(job, migrated)));
    return next === undefined ? undefined : atOnce(codec.encode(key, next));
  };
  const { terms } = host;
  const options = { ...terms, quotas, ttlMs, durability: durability ?? terms.durability };
  const result = await host.updates.update({ scope, key }, run, options);
  const { change, version, position, previous, value } = result;
  const before = previous && { key, schema: 0, value: previous };
  return { change, version, position, before, after: value };
}

async function reread<In, Out>(job: Updating<In, Out>): Promise<Updated> {
  const { host, scope, key, codec, ttlMs, durability, quotas } = job;
  const done = await rewrite(host, {
    scope,
    key,
    quotas,
    durability,
    async next(entry): Promise<NextValue | undefined> {
      const migrated = entry && codec.migrated(entry);
      const current = migrated === undefined ? undefined : await currentOf(job, migrated);
      const next = nextOf(job, migrated, () => current as Out);
      if (next === undefined) return undefined;
      const value = await codec.encode(key, next);
      const life = ttlMs === undefined ? 'keep' : (ttlMs ?? undefined);
      return { value, schema: codec.version, ttlMs: life };
    },
  });
  const { before, result, position, stored } = done;
  const { change, version } = result;
  return { change, version, position, before, after: storedOf(stored) };
}

/**
 * Operations take the migrated value as it is; only a function sees what the schema makes of it.
 */
async function currentOf<In, Out>(job: Updating<In, Out>, migrated: unknown): Promise<unknown> {
  return typeof job.change === 'function' ? job.codec.judged(job, migrated) : undefined;
}

function nextOf<In, Out>(
  { scope, key, change }: Updating<In, Out>,
  migrated: unknown,
  judge: (migrated: unknown) => Out,
): In | undefined {
  if (typeof change !== 'function') return operated(migrated, change, { scope, key }) as In;
  const current = migrated === undefined ? undefined : judge(migrated);
  return checkedAnswer(change(current), scope, key);
}

function atOnce<T>(value: T | Promise<T>): T {
  if (!(value instanceof Promise)) return value;
  value.catch(() => undefined);
  throw mustWait;
}
