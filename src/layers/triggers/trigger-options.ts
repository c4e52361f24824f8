/** What callers of a trigger pass in and get back. */
import type { Cause, ChangeKind, Position } from '../../ledger/index.ts';
import type { Transaction } from '../scopes/index.ts';
import type { JsonMatch } from './match.ts';
import type { TriggerEvent } from './trigger-event.ts';

/** What a new trigger begins with; one that is known goes on where it stands. */
export type TriggerStart =
  /** What is committed from now on. */
  | 'now'
  /** The oldest change that the log still has. */
  | 'beginning'
  | Position
  /** The first change at or after a time, in milliseconds since the Unix epoch. */
  | { readonly time: number };

export interface RetryOptions {
  /** How often an event is tried in all before it is a dead letter. Default 8. */
  readonly attempts?: number | undefined;
  /** Before the second attempt; it doubles with each. Default 1,000. */
  readonly firstMs?: number | undefined;
  /** The longest wait. Default 300,000. */
  readonly longestMs?: number | undefined;
}

/** A function of the event, or a pattern that its JSON must hold. */
export type TriggerCondition<T> =
  | ((event: TriggerEvent<T>) => boolean | Promise<boolean>)
  | JsonMatch;

export interface TriggerOptions<T = unknown> {
  /** One scope. Left out: all but those of layers. */
  readonly scope?: string | undefined;
  /** One key; needs `scope`. Not with `prefix`. */
  readonly key?: string | undefined;
  readonly prefix?: string | undefined;
  /** Default: all. */
  readonly kinds?: readonly ChangeKind[] | undefined;
  /** Events for which it is not true are done without a handler. If it throws, it is retried. */
  readonly when?: TriggerCondition<T> | undefined;
  /** Default 'now'. */
  readonly from?: TriggerStart | undefined;
  /** Handlers that run at once in this process. Default 16. */
  readonly concurrency?: number | undefined;
  /** After which an attempt has failed and its signal aborts. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  readonly retry?: RetryOptions | undefined;
  /** Events of one key that may wait behind one that failed. Default 1,000. */
  readonly parkedPerKey?: number | undefined;
  /** Events that may be parked in all before new ones wait in the log. Default 10,000. */
  readonly parkedMax?: number | undefined;
  /** Causes that may stand behind an event before it is taken for a loop. Default 16. */
  readonly depthMax?: number | undefined;
  /** How long the log is held for a trigger that nobody runs. Default 7 days. */
  readonly holdMs?: number | undefined;
  /** Told of every failed attempt and of trouble with the store; both are tried again. */
  readonly onError?: ((error: unknown, event: TriggerEvent<T> | undefined) => void) | undefined;
}

/** What a handler works with. */
export interface TriggerWork {
  /**
   * What is written through it commits together with the position: exactly once, however often the
   * handler ran. It may run again if what it read has changed meanwhile.
   */
  readonly tx: Transaction;
  /** Aborts when time is up, or when another process has taken over. */
  readonly signal: AbortSignal;
  /** For commits that are made outside of `tx`: lets loops be found. */
  readonly cause: Cause;
}

export type TriggerHandler<T = unknown> = (event: TriggerEvent<T>, work: TriggerWork) => unknown;

export type TriggerState =
  | 'running'
  | 'paused'
  | 'stopped'
  /** The log is gone from where the trigger stood; `reset` says where it goes on. */
  | 'trimmed'
  /** The trigger stood in a history that the store no longer has; `reset` says where it goes on. */
  | 'regressed';

/** What the store says of a trigger, whoever runs it. */
export interface TriggerStatus {
  readonly name: string;
  readonly isPaused: boolean;
  /** What it listens to, as it was last started. */
  readonly filter: TriggerFilter;
  /** Everything up to here is done, as far as it was written down. */
  readonly position: Position;
  /** Revisions from the first matching change that is not done to the head; 0 if there is none. */
  readonly lag: number;
  readonly parked: number;
  readonly deadLetters: number;
  /** Processes that run it. */
  readonly workers: number;
  /** Events that they handled, averaged over about ten seconds, as they report it. */
  readonly perSecond: number;
}

export interface TriggerStats extends TriggerStatus {
  readonly state: TriggerState;
  /** Shards of its keys that this process owns, and how many there are. */
  readonly shards: number;
  readonly shardCount: number;
  /** Since this process started it. */
  readonly handled: number;
  /** Events that its condition left out. */
  readonly skipped: number;
  /** Attempts that failed. */
  readonly failed: number;
}

export interface TriggerFilter {
  readonly scope?: string | undefined;
  readonly key?: string | undefined;
  readonly prefix?: string | undefined;
  readonly kinds?: readonly ChangeKind[] | undefined;
}

export type DeadReason =
  /** Every attempt failed. */
  | 'failed'
  /** Too many causes stand behind it. */
  | 'loop'
  /** Too many events of its key waited behind it. */
  | 'queue_full';

export interface DeadLetter {
  /** What `replay` and `drop` take. */
  readonly id: string;
  readonly event: TriggerEvent;
  readonly reason: DeadReason;
  readonly attempts: number;
  /** The last error's message. */
  readonly error: string;
  /** When it was given up, in milliseconds since the Unix epoch. */
  readonly time: number;
}
