/**
 * Read an entry, make its next value here, write it if nobody wrote in between; else again.
 *
 * The way of every write that must see what is there: functions, and operations where a schema or a
 * version has to judge the outcome. A blind write never comes here.
 */
import { HoldfastError } from '../../../errors/index.ts';
import { applyOperations, limits, StoredValue } from '../../../ledger/index.ts';
import type {
  Entry,
  MutationResult,
  Operation,
  Position,
  Ref,
  SetMutation,
} from '../../../ledger/index.ts';
import type { Quotas } from '../declared-quotas.ts';
import type { ScopeHost } from '../scope-host.ts';
import { Retry } from '../transaction/retry.ts';

const attemptsDefault = 50;

export interface Rewrite {
  readonly scope: string;
  readonly key: string;
  readonly quotas: Quotas;
  readonly durability?: 'sync' | 'relaxed' | undefined;
  readonly attempts?: number | undefined;
  /** The next stored value; undefined deletes. */
  next(entry: Entry | undefined): Promise<NextValue | undefined> | NextValue | undefined;
}

export type NextValue = Pick<SetMutation, 'value' | 'schema' | 'ttlMs'>;

export interface Rewritten {
  readonly before: Entry | undefined;
  readonly result: MutationResult;
  readonly position: Position;
  /** What was given to the ledger; undefined if it was a delete. */
  readonly stored: unknown;
}

/** Throws `contended` after `attempts`, and whatever `next` throws. */
export async function rewrite(host: ScopeHost, job: Rewrite): Promise<Rewritten> {
  const { scope, key } = job;
  const ref = { scope, key };
  const retry = new Retry(
    host,
    job.attempts ?? attemptsDefault,
    `update of '${key}' in '${scope}'`,
  );
  try {
    for (;;) {
      const before = await host.reads.read(scope, key, (entry) => entry);
      const next = await job.next(before);
      const answer = await host.commit(
        {
          checks: [{ kind: 'version', ...ref, version: before?.version ?? 0 }],
          mutations: [
            next === undefined ? { kind: 'delete', ...ref } : { kind: 'set', ...ref, ...next },
          ],
          quotas: job.quotas,
        },
        job.durability,
      );
      if (answer.kind === 'committed') {
        const result = answer.results[0] ?? { change: 'none', version: 0 };
        return { before, result, position: answer.position, stored: next?.value };
      }
      await retry.after(answer);
    }
  } finally {
    retry.release();
  }
}

export function storedOf(value: unknown): StoredValue | undefined {
  return value === undefined ? undefined : StoredValue.of(value, limits.valueBytesMax);
}

/** What checked operations make of a decoded value; undefined is absence. */
export function operated(value: unknown, operations: readonly Operation[], ref: Ref): unknown {
  if (!(value instanceof Uint8Array)) return applyOperations(value, operations, ref);
  const { scope, key } = ref;
  const text = `'${key}' in '${scope}' holds bytes; operations apply to JSON values only`;
  throw new HoldfastError('operation_failed', text, { details: { scope, key, reason: 'bytes' } });
}

/** A function's answer, which must be a value that is there now. */
export function checkedAnswer<T>(answer: T, scope: string, key: string): T {
  if (answer !== undefined && !(answer instanceof Promise)) return answer;
  const what = answer === undefined ? 'nothing' : 'a promise';
  const hint = answer === undefined ? 'return the new value' : 'functions here must be synchronous';
  throw new HoldfastError(
    'invalid_argument',
    `the function updating '${key}' in '${scope}' returned ${what}; ${hint}`,
    { details: { scope, key } },
  );
}
