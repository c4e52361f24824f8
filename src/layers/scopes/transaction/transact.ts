/**
 * Runs a function until what it read and what it wrote hold together, or others always won.
 *
 * The function may run several times, so it should do nothing but read and write through its `tx`.
 */
import { HoldfastError } from '../../../errors/index.ts';
import type { Conflict, EpochCheck } from '../../../ledger/index.ts';
import type { ScopeHost } from '../scope-host.ts';
import { Retry } from './retry.ts';
import { Transaction } from './transaction.ts';

export interface TransactOptions {
  /** How often it is run before `contended`. Default 20. */
  readonly attempts?: number | undefined;
  readonly durability?: 'sync' | 'relaxed' | undefined;
  /**
   * Of an ownership, as a lock has one: throws `fenced`, and commits nothing, once another took
   * over.
   */
  readonly fence?: EpochCheck | undefined;
}

const attemptsDefault = 20;

export async function transact<T>(
  host: ScopeHost,
  run: (tx: Transaction) => Promise<T> | T,
  options: TransactOptions = {},
): Promise<T> {
  const retry = new Retry(host, options.attempts ?? attemptsDefault, 'a transaction');
  try {
    for (;;) {
      const outcome = await attempt(host, run, options);
      if (outcome.kind === 'done') return outcome.value;
      throwIfFenced(outcome.conflict);
      await retry.after(outcome.conflict);
    }
  } finally {
    retry.release();
  }
}

type Attempt<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'lost'; readonly conflict: Conflict };

async function attempt<T>(
  host: ScopeHost,
  run: (tx: Transaction) => Promise<T> | T,
  { durability, fence }: TransactOptions,
): Promise<Attempt<T>> {
  const tx = new Transaction(host, fence);
  let value: T;
  try {
    value = await run(tx);
    await tx.settle();
  } catch (error) {
    tx.end();
    // A function that read half of somebody's commit may throw for that reason alone.
    const verdict = await tx.validate().catch(() => undefined);
    if (verdict?.kind === 'conflict') return { kind: 'lost', conflict: verdict };
    throw error;
  }
  const answer = await tx.commit(durability);
  if (answer?.kind === 'conflict') return { kind: 'lost', conflict: answer };
  return { kind: 'done', value };
}

/** Who is no longer the owner would lose every further attempt, too. */
function throwIfFenced({ failures }: Conflict): void {
  for (const { check, actual } of failures) {
    if (check.kind !== 'epoch') continue;
    const { resource, epoch } = check;
    const text = `'${resource}' was taken over by another owner; nothing was committed`;
    throw new HoldfastError('fenced', text, { details: { resource, epoch, actual } });
  }
}
