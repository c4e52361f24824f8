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
  /**
   * Sends something to the caller before the turn is complete. `data` is JSON, and what was sent
   * stays with the outcome. Of a turn that is tried again the events come again, with a higher
   * `attempt`. Does nothing once the turn is over. Throws `invalid_value`.
   *
   * @example
   * import { linkPair, SessionWorker, structuredAgent } from 'holdfast/sessions';
   *
   * const speaking = structuredAgent<string>(({ input, emit }) => {
   *   for (const word of input.split(' ')) emit('word', word);
   * });
   * const [near, far] = linkPair();
   * host.attach(near);
   * void new SessionWorker({ agents: { speaking } }).serve(far);
   * const heard: unknown[] = [];
   * await host.turn({
   *   session: 's',
   *   id: '1',
   *   agent: 'speaking',
   *   input: 'hello world',
   *   onEvent: ({ kind, data }) => heard.push([kind, data]),
   * });
   * heard; // => [['word', 'hello'], ['word', 'world']]
   */
  emit(kind: string, data: unknown): void;
}

export interface Agent<Input, Output, Draft> {
  readonly payload: Payload<unknown, Draft>;
  /**
   * Runs a turn. What it returns is JSON. If it throws, the turn fails with `turn_failed` and the
   * session is as it was. It may run more than once for one turn: `turn.id` tells.
   */
  handle(turn: Turn<Input, Draft>): Output | Promise<Output>;
}

/** For collections of agents, whose inputs differ. */
// oxlint-disable-next-line typescript/no-explicit-any -- a handler takes what its callers send.
export type AnyAgent = Agent<any, unknown, any>;

/**
 * An agent whose sessions are structured: entries and lists.
 *
 * @example
 * import { linkPair, SessionWorker, structuredAgent } from 'holdfast/sessions';
 *
 * const visits = structuredAgent<number, number>(({ state: own, input }) => {
 *   own.update('visits', [{ op: 'increment', by: input }]);
 *   return own.get('visits', 0);
 * });
 * const [near, far] = linkPair();
 * host.attach(near);
 * void new SessionWorker({ agents: { visits } }).serve(far);
 * await host.turn({ session: 's', id: '1', agent: 'visits', input: 2 });
 * const outcome = await host.turn({ session: 's', id: '2', agent: 'visits', input: 3 });
 * outcome; // => { kind: 'done', version: 2, output: 5 }
 */
export function structuredAgent<Input, Output = unknown>(
  handle: (turn: Turn<Input, SessionState>) => Output | Promise<Output>,
): Agent<Input, Output, SessionState> {
  return { payload: entriesPayload, handle };
}

/**
 * An agent whose sessions are of any payload. A host keeps opaque ones only if it has their codec.
 *
 * @example
 * import { agentOf, bytesPayload, digest, linkPair, wholeBytes } from 'holdfast/sessions';
 * import { SessionHost, SessionWorker } from 'holdfast/sessions';
 * import type { BytesCodec } from 'holdfast/sessions';
 *
 * const codec: BytesCodec = {
 *   name: 'blob',
 *   empty: () => new Uint8Array(),
 *   diff: () => undefined,
 *   apply: (_before, delta) => delta,
 *   hash: (bytes) => digest(bytes),
 * };
 * const growing = agentOf(bytesPayload(codec, wholeBytes), ({ state: draft, input }) => {
 *   draft.bytes = Uint8Array.of(...draft.bytes, input as number);
 *   return draft.bytes.byteLength;
 * });
 * await using own = new SessionHost(app, { codecs: [codec] });
 * const [near, far] = linkPair();
 * own.attach(near);
 * void new SessionWorker({ agents: { growing } }).serve(far);
 * await own.turn({ session: 's', id: '1', agent: 'growing', input: 7 });
 * const outcome = await own.turn({ session: 's', id: '2', agent: 'growing', input: 8 });
 * outcome; // => { kind: 'done', output: 2 }
 */
export function agentOf<Input, Output, State, Draft>(
  payload: Payload<State, Draft>,
  handle: (turn: Turn<Input, Draft>) => Output | Promise<Output>,
): Agent<Input, Output, Draft> {
  return { payload, handle };
}
