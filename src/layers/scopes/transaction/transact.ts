/**
 * Runs a function until what it read and what it wrote hold together, or others always won.
 *
 * The function may run several times, so it should do nothing but read and write through its `tx`.
 */
import type { Conflict } from '../../../ledger/index.ts';
import type { ScopeHost } from '../scope-host.ts';
import { Retry } from './retry.ts';
import { Transaction } from './transaction.ts';

export interface TransactOptions {
  /** How often it is run before `contended`. Default 20. */
  readonly attempts?: number | undefined;
  readonly durability?: 'sync' | 'relaxed' | undefined;
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
      const outcome = await attempt(host, run, options.durability);
      if (outcome.kind === 'done') return outcome.value;
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
  durability: 'sync' | 'relaxed' | undefined,
): Promise<Attempt<T>> {
  const tx = new Transaction(host);
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
