/** What is asked of a host, and what it answers: data, a signal and a listener. */
import { HoldfastError } from '../../../errors/index.ts';
import { limits, StoredValue } from '../../../ledger/index.ts';
import type { StateHash } from '../state/set-hash.ts';

/** Something that a handler sent before its turn was complete. */
export interface TurnEvent {
  /** From 1. If it grows, a worker was lost: the turn began anew, its events too. */
  readonly attempt: number;
  /** From 0, within the attempt. */
  readonly index: number;
  readonly kind: string;
  readonly data: unknown;
}

export interface TurnRequest {
  readonly session: string;
  /**
   * The caller's name for the turn, unique within the session: asking again with the same id and
   * input gives the first outcome, for as long as `turnTtlMs` says.
   */
  readonly id: string;
  readonly agent: string;
  /** Any JSON value. */
  readonly input?: unknown;
  readonly metadata?: string | undefined;
  /**
   * The version that the turn must start from: the current one, or an earlier one to undo what came
   * after it (a regeneration). If neither is possible the answer is a `conflict`.
   */
  readonly base?: number | undefined;
  /** Gives the turn up, unless it is being committed. */
  readonly signal?: AbortSignal | undefined;
  /** Called as events come. Not called for a turn that was complete before. */
  readonly onEvent?: ((event: TurnEvent) => void) | undefined;
}

export interface TurnDone {
  readonly kind: 'done';
  readonly session: string;
  readonly id: string;
  /** The version that the turn made. */
  readonly version: number;
  readonly hash: StateHash;
  /** What the handler returned. */
  readonly output: unknown;
  /** The events of the attempt that was committed; the oldest go where they are too many. */
  readonly events: readonly Omit<TurnEvent, 'attempt'>[];
  /** The worker's name. */
  readonly worker: string;
  readonly attempts: number;
  /** Whether it was complete before it was asked for this time. */
  readonly replayed: boolean;
}

/** The turn cannot start from the base that was asked for. Nothing was changed. */
export interface TurnConflict {
  readonly kind: 'conflict';
  readonly session: string;
  /** The session's version. */
  readonly version: number;
  /** Versions that a turn can start from. */
  readonly bases: readonly number[];
}

export type TurnOutcome = TurnDone | TurnConflict;

/** A request whose input has its stored form. */
export interface CheckedRequest extends TurnRequest {
  readonly inputText: string;
  readonly metadata: string;
}

const idBytesMax = 256;

export function checkTurnRequest(request: TurnRequest): CheckedRequest {
  const { session, id, agent, input, metadata = '', base } = request;
  for (const [name, value] of Object.entries({ session, id, agent })) {
    if (typeof value === 'string' && value !== '') continue;
    throw wrong(`'${name}' of a turn is text, and not empty`, { [name]: shown(value) });
  }
  if (id.length > idBytesMax) {
    throw wrong(`the id of a turn has at most ${idBytesMax} characters`, { length: id.length });
  }
  if (typeof metadata !== 'string') throw wrong(`'metadata' of a turn is text`, {});
  if (base !== undefined && (!Number.isSafeInteger(base) || base < 0)) {
    throw wrong(`'base' of a turn is a version: a whole number, 0 or more`, { base: shown(base) });
  }
  return { ...request, metadata, inputText: inputText(input) };
}

function inputText(input: unknown): string {
  if (input === undefined) return '';
  const { content } = StoredValue.of(input, limits.valueBytesMax);
  if (typeof content === 'string') return content;
  throw new HoldfastError('invalid_value', 'the input of a turn is JSON, not bytes');
}

function wrong(message: string, details: Readonly<Record<string, unknown>>): HoldfastError {
  return new HoldfastError('invalid_argument', message, { details });
}

function shown(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : typeof value;
}
