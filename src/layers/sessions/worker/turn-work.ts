/** One turn on a worker: find the state, run the handler, answer. */
import { HoldfastError, isHoldfastError } from '../../../errors/index.ts';
import { limits, StoredValue } from '../../../ledger/index.ts';
import type { Payload } from '../payload/payload.ts';
import type { TurnMessage } from '../wire/messages.ts';
import type { AnyAgent, Turn } from './agent.ts';
import type { ServedLink } from './served-link.ts';
import type { CachedState, StateCache } from './state-cache.ts';

export interface TurnWork {
  readonly message: TurnMessage;
  readonly agent: AnyAgent;
  readonly link: ServedLink;
  readonly signal: AbortSignal;
  readonly cache: StateCache;
}

/** Never rejects: whatever goes wrong is answered. */
export async function runTurn(work: TurnWork): Promise<void> {
  const { message, link, signal, cache } = work;
  const { request, session } = message;
  if (signal.aborted) return;
  const state = stateFor(work);
  if (state === undefined) {
    const version = cache.get(session)?.version ?? 0;
    const wanted = message.base?.version ?? 0;
    const text = `the worker has version ${version} of '${session}', not ${wanted}`;
    return link.fail(request, 'state_not_found', text, version);
  }
  try {
    await handle(work, state);
  } catch (error) {
    if (!signal.aborted) link.fail(request, 'handler_error', messageOf(error));
  }
}

async function handle(work: TurnWork, state: unknown): Promise<void> {
  const { message, agent, link, signal, cache } = work;
  const { request, session, next } = message;
  const payload = agent.payload as Payload<unknown, unknown>;
  const base = message.base?.version ?? 0;
  const draft = payload.draft(state);
  let output: string | undefined;
  let isOver = false;
  try {
    const given = await agent.handle(turnOf(work, draft, () => isOver));
    output = given === undefined ? undefined : jsonText(given);
  } catch (error) {
    isOver = true;
    payload.discard(draft);
    throw error;
  }
  isOver = true;
  if (signal.aborted) return payload.discard(draft);
  // Until the new state is known to be whole there is none: `finish` may use up the old one.
  cache.delete(session);
  const finished = payload.finish(state, draft);
  keep(cache, session, payload, finished.state, { version: next, hash: finished.hash });
  const { delta } = finished;
  const body = delta === undefined ? { snapshot: payload.save(finished.state) } : { delta };
  link.complete({ request, base, state: { version: next, hash: finished.hash }, output, ...body });
}

function turnOf(work: TurnWork, state: unknown, isOver: () => boolean): Turn<unknown, unknown> {
  const { message, link, signal } = work;
  const { request, session, turn: id, agent, input, metadata, attempt } = message;
  return {
    session,
    id,
    agent,
    metadata,
    attempt,
    signal,
    state,
    version: message.base?.version ?? 0,
    input: input === '' ? undefined : (JSON.parse(input) as unknown),
    emit(kind, data) {
      if (isOver() || signal.aborted) return;
      link.event({ request, kind, data: jsonText(data) });
    },
  };
}

/** The state that the host means, or undefined if the worker does not have it. */
function stateFor(work: TurnWork): unknown {
  const { message, agent, cache } = work;
  const { session, snapshot, delta, deltaFrom } = message;
  const payload = agent.payload as Payload<unknown, unknown>;
  const { version, hash } = message.base ?? { version: 0, hash: undefined };
  if (version === 0 && snapshot === undefined) return payload.empty();
  const held = cache.get(session);
  const mine = held?.payload === payload.name ? held : undefined;
  if (mine?.version === version && (hash === undefined || mine.hash === hash)) return mine.state;
  try {
    let state: unknown;
    if (snapshot !== undefined) state = payload.load(snapshot);
    else if (delta === undefined || mine?.version !== deltaFrom) return undefined;
    else state = payload.apply(mine.state, delta, hash);
    const found = payload.hash(state);
    if (hash !== undefined && found !== hash) return undefined;
    keep(cache, session, payload, state, { version, hash: found });
    return state;
  } catch {
    // Damaged on its way, or a delta of another history: only a snapshot can help.
    return undefined;
  }
}

function keep(
  cache: StateCache,
  session: string,
  payload: Payload<unknown, unknown>,
  state: unknown,
  { version, hash }: Pick<CachedState, 'version' | 'hash'>,
): void {
  const bytes = payload.bytesOf(state);
  cache.set(session, { payload: payload.name, version, hash, state, bytes });
}

function jsonText(value: unknown): string {
  const { content } = StoredValue.of(value, limits.valueBytesMax);
  if (typeof content === 'string') return content;
  throw new HoldfastError('invalid_value', 'what a handler returns or emits is JSON, not bytes');
}

function messageOf(error: unknown): string {
  if (isHoldfastError(error)) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
