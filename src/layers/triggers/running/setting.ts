/** What the parts of one running trigger share. */
import type { Patience } from '../../../internal/patience.ts';
import type { Cause, Ledger } from '../../../ledger/index.ts';
import type { ScopeHost } from '../../scopes/index.ts';
import type { TriggerEvent } from '../trigger-event.ts';
import type { TriggerFilter, TriggerHandler } from '../trigger-options.ts';
import type { RetryPlan } from '../handling/backoff.ts';
import type { Gate } from '../handling/gate.ts';
import type { Room } from '../handling/room.ts';

export interface Plan {
  readonly filter: TriggerFilter;
  /** Undefined: every event. */
  readonly when: ((event: TriggerEvent) => boolean | Promise<boolean>) | undefined;
  readonly handler: TriggerHandler;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly retry: RetryPlan;
  readonly parkedPerKey: number;
  readonly parkedMax: number;
  readonly depthMax: number;
  readonly holdMs: number;
  onError(error: unknown, event: TriggerEvent | undefined): void;
}

export interface Counters {
  handled: number;
  skipped: number;
  failed: number;
}

export interface Setting {
  readonly name: string;
  readonly host: ScopeHost;
  readonly ledger: Ledger;
  readonly plan: Plan;
  readonly gate: Gate;
  readonly room: Room;
  readonly patience: Patience;
  readonly counters: Counters;
  /** Aborts when the trigger stops in this process. */
  readonly signal: AbortSignal;
}

/** Of commits that an event leads to. */
export function causeOf(name: string, event: { readonly cause?: Cause | undefined }): Cause {
  return { kind: 'trigger', id: name, depth: (event.cause?.depth ?? 0) + 1 };
}
