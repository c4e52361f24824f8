/** Items on their way in: judged, detached, and few enough for one commit. */
import { HoldfastError } from '../../errors/index.ts';
import { limits, StoredValue } from '../../ledger/index.ts';
import type { ValueCodec } from '../scopes/index.ts';

/** Items that one append may have: the head needs a mutation, too. */
export const itemsPerAppend = limits.mutationsPerProposal - 1;

/** What the caller does to its items afterwards has no effect. */
export async function encodeItems<In, Out>(
  codec: ValueCodec<In, Out>,
  items: Iterable<In>,
): Promise<StoredValue[]> {
  const encoded = Array.from(items, (item, index): unknown => {
    const accepted = codec.encode(`item ${index}`, item);
    return accepted instanceof Promise ? accepted : detached(accepted);
  });
  if (encoded.length > 0 && encoded.length <= itemsPerAppend) {
    if (codec.isPlain) return encoded as StoredValue[];
    return Promise.all(encoded.map(async (item) => detached(await item)));
  }
  const message = `${encoded.length} items in one append; from 1 to ${itemsPerAppend} are possible`;
  throw new HoldfastError(encoded.length === 0 ? 'invalid_argument' : 'limit_exceeded', message, {
    details: { count: encoded.length, limit: itemsPerAppend },
  });
}

function detached(value: unknown): StoredValue {
  return StoredValue.of(value, limits.valueBytesMax);
}
