/** Two sorted streams of entries side by side: each address once, with what either side has. */
import { compareText } from '../../../internal/text-order.ts';
import type { Entry, Mutation, Ref } from '../../../ledger/index.ts';

/** What a copy keeps of an entry. */
export type Copied = Pick<Entry, 'scope' | 'key' | 'value' | 'expiresAt' | 'schema'>;

export interface Pair<T extends Copied> {
  readonly entry: T | undefined;
  readonly there: Copied | undefined;
}

export function isSame(entry: Copied, there: Copied): boolean {
  return (
    entry.expiresAt === there.expiresAt &&
    entry.schema === there.schema &&
    entry.value.equals(there.value)
  );
}

/** Makes an entry what a copy keeps of it. */
export function setting({ scope, key, value, expiresAt, schema }: Copied): Mutation {
  return { kind: 'set', scope, key, value, expiresAt, schema };
}

export function deletion({ scope, key }: Ref): Mutation {
  return { kind: 'delete', scope, key };
}

/** Both by scope, then by key, by UTF-8 bytes. Memory holds an entry of each. */
export async function* differencesOf<T extends Copied>(
  entries: AsyncIterable<T>,
  others: AsyncIterable<Copied>,
): AsyncGenerator<Pair<T>> {
  const left = entries[Symbol.asyncIterator]();
  const right = others[Symbol.asyncIterator]();
  let [one, other] = await Promise.all([left.next(), right.next()]);
  while (one.done !== true || other.done !== true) {
    const order = orderOf(one, other);
    const entry = order <= 0 && one.done !== true ? one.value : undefined;
    const there = order >= 0 && other.done !== true ? other.value : undefined;
    yield { entry, there };
    if (entry !== undefined) one = await left.next();
    if (there !== undefined) other = await right.next();
  }
}

function orderOf(one: IteratorResult<Copied>, other: IteratorResult<Copied>): number {
  if (one.done === true) return 1;
  if (other.done === true) return -1;
  const { scope, key } = one.value;
  return compareText(scope, other.value.scope) || compareText(key, other.value.key);
}
