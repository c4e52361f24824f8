/**
 * Messages from a ledger: the `result` or `error` of a call; the `item`s of a stream and its `end`.
 *
 * A1. Every call is answered once, with `result` or `error`.
 * A2. A stream sends no item without credit, and ends once: with `end`, or with `error`.
 */
import { isHoldfastError } from '../errors/index.ts';
import type { HoldfastError } from '../errors/index.ts';
import type { LogPage } from '../ledger/index.ts';
import { callShape, methods } from './calls.ts';
import type { Calls, Method } from './calls.ts';
import { errorShape } from './error-shape.ts';
import { FrameReader, FrameWriter, malformed, own } from './frame.ts';
import { logPage } from './ledger-shapes.ts';
import { idOf } from './request.ts';
import { word } from './shape.ts';

export type ResultAnswer = { [M in Method]: ResultAnswerOf<M> }[Method];

export interface ResultAnswerOf<M extends Method> {
  readonly kind: 'result';
  readonly id: number;
  /** Repeated, so that an answer can be read without the request at hand. */
  readonly method: M;
  readonly result: Calls[M]['result'];
}

export interface ErrorAnswer {
  readonly kind: 'error';
  readonly id: number;
  readonly error: HoldfastError;
}

export interface ItemAnswer {
  readonly kind: 'item';
  readonly id: number;
  readonly page: LogPage;
}

export interface EndAnswer {
  readonly kind: 'end';
  readonly id: number;
}

export type Answer = ResultAnswer | ErrorAnswer | ItemAnswer | EndAnswer;

const methodWord = word(...methods);

/** Throws `limit_exceeded` if the answer is larger than a frame may be. */
export function encodeAnswer(answer: Answer): Uint8Array {
  const frame = new FrameWriter('internal');
  return frame.finish({ kind: answer.kind, id: answer.id, ...bodyOf(answer, frame) });
}

function bodyOf(answer: Answer, frame: FrameWriter): object {
  switch (answer.kind) {
    case 'result': {
      const { method, result } = answer;
      const shape = callShape<Method>(method).result;
      return { method, result: shape.write(result, frame, 'result') };
    }
    case 'error':
      return { error: errorShape.write(answer.error, frame, 'error') };
    case 'item':
      return { page: logPage.write(answer.page, frame, 'page') };
    case 'end':
      return {};
  }
}

/** Throws `protocol` for anything else than an answer. */
export function decodeAnswer(bytes: Uint8Array): Answer {
  const frame = new FrameReader(bytes);
  try {
    return answerOf(frame, idOf(frame));
  } catch (error) {
    if (isHoldfastError(error, 'protocol')) throw error;
    throw malformed('the answer cannot be read', error);
  }
}

function answerOf(frame: FrameReader, id: number): Answer {
  const { header } = frame;
  const kind = own(header, 'kind');
  switch (kind) {
    case 'result': {
      const method = methodWord.read(own(header, 'method'), frame, 'method');
      const result = callShape(method).result.read(own(header, 'result'), frame, 'result');
      return { kind, id, method, result } as ResultAnswer;
    }
    case 'error':
      return { kind, id, error: errorShape.read(own(header, 'error'), frame, 'error') };
    case 'item':
      return { kind, id, page: logPage.read(own(header, 'page'), frame, 'page') };
    case 'end':
      return { kind, id };
    default:
      throw malformed('an answer is a result, error, item or end');
  }
}
