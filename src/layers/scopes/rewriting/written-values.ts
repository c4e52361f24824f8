/** Writes that give back the old and the new value. */
import type { Mutation, MutationResult, Position, StoredValue } from '../../../ledger/index.ts';
import type { ScopeHost } from '../scope-host.ts';
import type { Written, WrittenValues } from '../scope-options.ts';
import type { Quotas } from '../declared-quotas.ts';
import type { Encoded, ValueCodec } from '../values/value-codec.ts';
import { rewrite, storedOf } from './rewrite.ts';
import type { Rewrite } from './rewrite.ts';

export function writtenOf({ change, version }: MutationResult, position: Position): Written {
  return { change, version, position };
}

/** One blind commit: the ledger tells the values, but not the version of the old one's shape. */
export async function applyForValues<In, Out>(
  { codec, quotas }: { readonly codec: ValueCodec<In, Out>; readonly quotas: Quotas },
  host: ScopeHost,
  mutation: Mutation,
  durability: 'sync' | 'relaxed' | undefined,
): Promise<WrittenValues<Out>> {
  const proposal = { mutations: [mutation], quotas, returns: 'values' } as const;
  const { results, position } = await host.apply(proposal, durability);
  const result = results[0] ?? { change: 'none', version: 0 };
  const { previous, value } = result;
  const before = previous && { key: mutation.key, schema: 0, value: previous };
  return withValues(codec, writtenOf(result, position), before, value);
}

/** For scopes with a version: what was there is read first, with the version of its shape. */
export async function rewriteForValues<In, Out>(
  host: ScopeHost,
  codec: ValueCodec<In, Out>,
  job: Rewrite,
): Promise<WrittenValues<Out>> {
  const { before, result, position, stored } = await rewrite(host, job);
  return withValues(codec, writtenOf(result, position), before, storedOf(stored));
}

/** The write is done by now, so an old value that the schema refuses is no reason to fail. */
export async function withValues<In, Out>(
  codec: ValueCodec<In, Out>,
  written: Written,
  before: Encoded | undefined,
  after: StoredValue | undefined,
): Promise<WrittenValues<Out>> {
  const schema = codec.version;
  const key = before?.key ?? '';
  const value = after && (await codec.decode({ key, schema, value: after }));
  try {
    const previous = before && (await codec.decode(before));
    return { ...written, previous, value };
  } catch (refused) {
    return { ...written, previous: undefined, value, refused };
  }
}
