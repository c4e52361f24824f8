/**
 * Messages from a server: the `result` or `error` of a call, the `told` of a question; the `item`s
 * of a stream and its `end`; `message`, `pull` and `close` of a channel; `pong`.
 *
 * A1. Every call is answered once, with `result` or `error`.
 * A2. A stream sends no item without credit, and ends once: with `end`, or with `error`.
 */
import { isHoldfastError } from '../../errors/index.ts';
import type { HoldfastError } from '../../errors/index.ts';
import type { LogPage } from '../../ledger/index.ts';
import { callShape, methods } from './calls.ts';
import type { Calls, Method } from './calls.ts';
import { channelMessageStored } from '../wire/channel-message.ts';
import type { ChannelMessage } from '../wire/channel-message.ts';
import { errorShape } from '../wire/error-shape.ts';
import { FrameReader, FrameWriter, malformed, own } from '../wire/frame.ts';
import { logPage } from '../wire/ledger-shapes.ts';
import { questionShape, questions } from './questions.ts';
import type { Question, Questions } from './questions.ts';
import { closeFields, idOf } from './request.ts';
import { count, record, word } from '../wire/shape.ts';

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

export type ToldAnswer = {
  [Q in Question]: {
    readonly kind: 'told';
    readonly id: number;
    readonly question: Q;
    readonly answer: Questions[Q]['answer'];
  };
}[Question];

export interface MessageAnswer {
  readonly kind: 'message';
  readonly id: number;
  readonly message: ChannelMessage;
}

/** Lets the channel `id` send `count` more. */
export interface PullAnswer {
  readonly kind: 'pull';
  readonly id: number;
  readonly count: number;
}

export interface CloseAnswer {
  readonly kind: 'close';
  readonly id: number;
  readonly error?: HoldfastError | undefined;
}

export interface PongAnswer {
  readonly kind: 'pong';
  readonly id: number;
}

export type Answer =
  | ResultAnswer
  | ErrorAnswer
  | ToldAnswer
  | ItemAnswer
  | EndAnswer
  | MessageAnswer
  | PullAnswer
  | CloseAnswer
  | PongAnswer;

const methodWord = word(...methods);
const questionWord = word(...questions);
const messageFields = record<Pick<MessageAnswer, 'message'>>({ message: channelMessageStored });
const pullFields = record<Pick<PullAnswer, 'count'>>({ count });

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
    case 'told': {
      const { question } = answer;
      const shape = questionShape<Question>(question).answer;
      return { question, answer: shape.write(answer.answer, frame, 'answer') };
    }
    case 'message':
      return messageFields.write(answer, frame, 'message') as object;
    case 'pull':
      return pullFields.write(answer, frame, 'pull') as object;
    case 'close':
      return closeFields.write(answer, frame, 'close') as object;
    case 'end':
    case 'pong':
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
    case 'told': {
      const question = questionWord.read(own(header, 'question'), frame, 'question');
      const answer = questionShape(question).answer.read(own(header, 'answer'), frame, 'answer');
      return { kind, id, question, answer } as ToldAnswer;
    }
    case 'message':
      return { kind, id, ...messageFields.read(header, frame, 'message') };
    case 'pull':
      return { kind, id, ...pullFields.read(header, frame, 'pull') };
    case 'close':
      return { kind, id, ...closeFields.read(header, frame, 'close') };
    case 'end':
    case 'pong':
      return { kind, id };
    default:
      throw malformed('an answer is of no kind that this side knows');
  }
}
