/**
 * A worker that speaks LiveKit's text messages, as a link for a `SessionHost`.
 *
 * What their messages have no place for is not checked: the hash of a state and the version that a
 * delta starts from. A delta that applies to the wrong state, and a state that differs from the
 * host's with the same version, are then not found out; the version, the order of turns and the
 * fence of the commit hold as ever. After a regeneration the two sides count versions differently,
 * which costs one snapshot.
 */
import type { Link, LinkListener } from '../wire/link.ts';
import { hostFrame, workerFrame } from '../wire/messages.ts';
import type { FailureCode, TurnMessage } from '../wire/messages.ts';
import {
  agentHandoff,
  chatMessage,
  functionCall,
  functionCallOutput,
  textMessageErrorCodes,
  textMessageRequest,
  textMessageResponse,
} from './text-messages.ts';
import type { TextMessageResponse } from './text-messages.ts';

export interface LiveKitLinkOptions {
  /** Shown by the host. */
  readonly worker: string;
  readonly agents: readonly { readonly name: string; readonly payload: string }[];
  readonly capacity: number;
}

const failureCodes: Readonly<Record<number, FailureCode>> = {
  [textMessageErrorCodes.SESSION_STATE_NOT_FOUND]: 'state_not_found',
  [textMessageErrorCodes.TEXT_HANDLER_ERROR]: 'handler_error',
  [textMessageErrorCodes.PROCESS_CLOSED]: 'process_closed',
};

/**
 * A link for `SessionHost.attach`. `theirs` carries `TextMessageRequest`s out and
 * `TextMessageResponse`s in, one a frame. A frame that is none closes it.
 *
 * @example
 * import { entriesPayload, linkPair, liveKitLink } from 'holdfast/sessions';
 * import { textMessageRequest, textMessageResponse } from 'holdfast/sessions';
 *
 * const [near, far] = linkPair();
 * far.listen({
 *   frame(bytes) {
 *     const { messageId, sessionId, text } = textMessageRequest.decode(bytes);
 *     const before = entriesPayload.empty();
 *     const draft = entriesPayload.draft(before);
 *     draft.set('heard', text);
 *     const snapshot = entriesPayload.save(entriesPayload.finish(before, draft).state);
 *     const complete = { sessionState: { version: 1n, snapshot } };
 *     far.send(textMessageResponse.encode({ messageId, sessionId, complete }));
 *   },
 *   closed: () => undefined,
 * });
 * const agents = [{ name: 'voice', payload: 'entries' }];
 * host.attach(liveKitLink(near, { worker: 'lk-1', agents, capacity: 8 }));
 * await host.turn({ session: 's', id: '1', agent: 'voice', input: 'hello' });
 * await host.session('s').get('heard'); // => 'hello'
 */
export function liveKitLink(theirs: Link, options: LiveKitLinkOptions): Link {
  return new LiveKitLink(theirs, options);
}

class LiveKitLink implements Link {
  readonly #theirs: Link;
  readonly #options: LiveKitLinkOptions;
  /** By the ids of session and message. */
  readonly #turns = new Map<string, TurnMessage>();
  #listener: LinkListener | undefined;

  constructor(theirs: Link, options: LiveKitLinkOptions) {
    this.#theirs = theirs;
    this.#options = options;
  }

  send(frame: Uint8Array): void {
    const { turn, cancel } = hostFrame.decode(frame);
    if (turn !== undefined) this.#ask(turn);
    if (cancel === undefined) return;
    // They have no way to be told; what they answer is passed over.
    for (const [key, { request }] of this.#turns) {
      if (request === cancel.request) this.#turns.delete(key);
    }
  }

  close(): void {
    this.#theirs.close();
  }

  listen(listener: LinkListener): void {
    this.#listener = listener;
    const { worker, agents, capacity } = this.#options;
    listener.frame(workerFrame.encode({ hello: { worker, agents, capacity, holdings: [] } }));
    this.#theirs.listen({
      frame: (bytes) => this.#receive(bytes),
      closed: (error) => listener.closed(error),
    });
  }

  #ask(turn: TurnMessage): void {
    // An attempt of its own, so that a late answer to an earlier one is not taken for this one's.
    const messageId = turn.attempt === 1 ? turn.turn : `${turn.turn}#${turn.attempt}`;
    const { session, agent, metadata, base, delta, snapshot } = turn;
    this.#turns.set(keyOf(session, messageId), turn);
    const version = BigInt(base?.version ?? 0);
    const request = {
      text: textOf(turn.input),
      messageId,
      sessionId: session,
      agentName: agent,
      metadata,
      sessionState: version === 0n ? undefined : { version, delta, snapshot },
    };
    this.#theirs.send(textMessageRequest.encode(request));
  }

  #receive(bytes: Uint8Array): void {
    try {
      this.#take(textMessageResponse.decode(bytes));
    } catch {
      // What comes behind it can't be trusted either; others get its turns.
      this.close();
    }
  }

  #take(response: TextMessageResponse): void {
    const key = keyOf(response.sessionId, response.messageId);
    const turn = this.#turns.get(key);
    if (turn === undefined) return;
    const { complete } = response;
    if (complete === undefined) return this.#event(turn, response);
    this.#turns.delete(key);
    const { request } = turn;
    const state = complete.sessionState;
    if (state === undefined) {
      const { code = 0, message = 'the worker answered neither a state nor an error' } =
        complete.error ?? {};
      const failed = { request, code: failureCodes[code] ?? 'internal', message, version: 0 };
      return this.#tell(workerFrame.encode({ failed }));
    }
    const base = turn.base?.version ?? 0;
    // No turn makes version 0: the host finds that the answer does not hold.
    const version = state.version === BigInt(base + 1) ? turn.next : 0;
    const { delta, snapshot } = state;
    this.#tell(
      workerFrame.encode({ complete: { request, base, state: { version }, delta, snapshot } }),
    );
  }

  #event({ request }: TurnMessage, response: TextMessageResponse): void {
    for (const [kind, data] of eventsOf(response)) {
      this.#tell(workerFrame.encode({ event: { request, kind, data: JSON.stringify(data) } }));
    }
  }

  #tell(frame: Uint8Array): void {
    this.#listener?.frame(frame);
  }
}

function* eventsOf(response: TextMessageResponse): Generator<readonly [string, unknown]> {
  const { message, agentHandoff: handoff } = response;
  if (message !== undefined) yield ['message', chatMessage.decode(message)];
  if (response.functionCall !== undefined) {
    yield ['function_call', functionCall.decode(response.functionCall)];
  }
  if (response.functionCallOutput !== undefined) {
    yield ['function_call_output', functionCallOutput.decode(response.functionCallOutput)];
  }
  if (handoff !== undefined) yield ['agent_handoff', agentHandoff.decode(handoff)];
}

function keyOf(session: string, message: string): string {
  return JSON.stringify([session, message]);
}

/** Their input is text: a text is sent as it is, anything else as JSON. */
function textOf(input: string): string {
  if (!input.startsWith('"')) return input;
  return JSON.parse(input) as string;
}
