/** What a worker does with turns: handlers, each for one kind of agent. */
import { entriesPayload } from '../payload/entries-payload.ts';
import type { Payload } from '../payload/payload.ts';
import type { SessionState } from '../state/session-state.ts';

/** One turn as a handler sees it. */
export interface Turn<Input, Draft> {
  readonly session: string;
  /** The caller's name for the turn: a retry has the same. */
  readonly id: string;
  readonly agent: string;
  readonly input: Input;
  readonly metadata: string;
  /** The version that `state` shows; 0 is a session that is new. */
  readonly version: number;
  /** Above 1 if the turn began elsewhere and was not committed there. */
  readonly attempt: number;
  /** What is changed here becomes the next version, if the handler returns. */
  readonly state: Draft;
  /** Aborts when nobody waits for the turn any more. */
  readonly signal: AbortSignal;
  /** Sends something to the caller before the turn is complete. `data` is JSON. */
  emit(kind: string, data: unknown): void;
}

export interface Agent<Input, Output, Draft> {
  readonly payload: Payload<unknown, Draft>;
  handle(turn: Turn<Input, Draft>): Output | Promise<Output>;
}

/** For collections of agents, whose inputs differ. */
// oxlint-disable-next-line typescript/no-explicit-any -- a handler takes what its callers send.
export type AnyAgent = Agent<any, unknown, any>;

/**
 * An agent whose sessions are structured: entries and lists.
 */
export function structuredAgent<Input, Output = unknown>(
  handle: (turn: Turn<Input, SessionState>) => Output | Promise<Output>,
): Agent<Input, Output, SessionState> {
  return { payload: entriesPayload, handle };
}

/** An agent whose sessions are of any payload. */
export function agentOf<Input, Output, State, Draft>(
  payload: Payload<State, Draft>,
  handle: (turn: Turn<Input, Draft>) => Output | Promise<Output>,
): Agent<Input, Output, Draft> {
  return { payload, handle };
}
