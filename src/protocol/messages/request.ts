/**
 * Messages to a server: `call` of a ledger and `ask` of the store; for watches `watch` (opens a
 * stream), `pull` (gives credit) and `stop`; for extensions `open`, `message` and `close` of a
 * channel; and `ping`. Requests are pipelined; an `id` pairs each with its answer.
 *
 * Q1. A request that makes no sense, but says its id, is `refused`: it fails alone, and the others
 *     on its connection go on. Without an id, decoding throws `protocol` and the connection is of
 *     no use.
 */
import { isHoldfastError } from '../../errors/index.ts';
import type { HoldfastError } from '../../errors/index.ts';
import type { WatchOptions } from '../../ledger/index.ts';
import { callShape, methods } from './calls.ts';
import type { Calls, Method } from './calls.ts';
import { channelMessageGiven } from '../wire/channel-message.ts';
import type { ChannelMessage } from '../wire/channel-message.ts';
import { questionShape, questions } from './questions.ts';
import type { Question, Questions } from './questions.ts';
import { errorShape } from '../wire/error-shape.ts';
import { FrameReader, FrameWriter, malformed, own } from '../wire/frame.ts';
import { watchOptions } from '../wire/ledger-shapes.ts';
import { count, json, name, optional, record, text, word } from '../wire/shape.ts';

export type CallRequest = { [M in Method]: CallRequestOf<M> }[Method];

export interface CallRequestOf<M extends Method> {
  readonly kind: 'call';
  /** Positive, and unlike every other id that its connection still waits for. */
  readonly id: number;
  readonly app: string;
  readonly method: M;
  readonly args: Calls[M]['args'];
}

export interface WatchRequest {
  readonly kind: 'watch';
  readonly id: number;
  readonly app: string;
  readonly options: Omit<WatchOptions, 'signal'>;
}

/** Asks about the store as a whole. */
export type AskRequest = { [Q in Question]: AskRequestOf<Q> }[Question];

export interface AskRequestOf<Q extends Question> {
  readonly kind: 'ask';
  readonly id: number;
  readonly question: Q;
  readonly args: Questions[Q]['args'];
}

/** Opens a channel of an extension that both sides know. */
export interface OpenRequest {
  readonly kind: 'open';
  readonly id: number;
  readonly app: string;
  readonly extension: string;
  /** Plain JSON, for the extension. */
  readonly args: unknown;
}

export interface MessageRequest {
  readonly kind: 'message';
  readonly id: number;
  readonly message: ChannelMessage;
}

export interface CloseRequest {
  readonly kind: 'close';
  readonly id: number;
  readonly error?: HoldfastError | undefined;
}

/** Answered by `pong`: shows that the other side still hears. */
export interface PingRequest {
  readonly kind: 'ping';
  readonly id: number;
}

/** Lets the stream or channel `id` send `count` more. */
export interface PullRequest {
  readonly kind: 'pull';
  readonly id: number;
  readonly count: number;
}

/** Ends the stream; its `end` still follows. */
export interface StopRequest {
  readonly kind: 'stop';
  readonly id: number;
}

export type Request =
  | CallRequest
  | AskRequest
  | WatchRequest
  | PullRequest
  | StopRequest
  | OpenRequest
  | MessageRequest
  | CloseRequest
  | PingRequest;

/** What came in place of a request that could not be understood. */
export interface RefusedRequest {
  readonly kind: 'refused';
  readonly id: number;
  readonly error: HoldfastError;
}

const callHead = record<{ app: string; method: Method }>({ app: name, method: word(...methods) });
const watchFields = record<Pick<WatchRequest, 'app' | 'options'>>({
  app: name,
  options: watchOptions,
});
const pullFields = record<Pick<PullRequest, 'count'>>({ count });
const openFields = record<Pick<OpenRequest, 'app' | 'extension' | 'args'>>({
  app: name,
  extension: text,
  args: json,
});
const messageFields = record<Pick<MessageRequest, 'message'>>({ message: channelMessageGiven });
export const closeFields = record<Pick<CloseRequest, 'error'>>({ error: optional(errorShape) });
const questionWord = word(...questions);

/** Throws what the ledger itself would throw for arguments that cannot be written down. */
export function encodeRequest(request: Request): Uint8Array {
  const frame = new FrameWriter('invalid_argument');
  return frame.finish({ kind: request.kind, id: request.id, ...bodyOf(request, frame) });
}

function bodyOf(request: Request, frame: FrameWriter): object {
  switch (request.kind) {
    case 'call': {
      const { app, method, args } = request;
      const head = callHead.write({ app, method }, frame, 'call') as object;
      return { ...head, args: callShape(method).args.write(args, frame, method) };
    }
    case 'watch':
      return watchFields.write(request, frame, 'watch') as object;
    case 'ask': {
      const { question, args } = request;
      return { question, args: questionShape(question).args.write(args, frame, question) };
    }
    case 'pull':
      return pullFields.write(request, frame, 'pull') as object;
    case 'open':
      return openFields.write(request, frame, 'open') as object;
    case 'message':
      return messageFields.write(request, frame, 'message') as object;
    case 'close':
      return closeFields.write(request, frame, 'close') as object;
    case 'stop':
    case 'ping':
      return {};
  }
}

/** Throws `protocol` if not even an id could be read. */
export function decodeRequest(bytes: Uint8Array): Request | RefusedRequest {
  const frame = new FrameReader(bytes);
  const id = idOf(frame);
  try {
    return requestOf(frame, id);
  } catch (error) {
    const refusal = isHoldfastError(error) ? error : malformed('the request cannot be read', error);
    return { kind: 'refused', id, error: refusal };
  }
}

export function idOf(frame: FrameReader): number {
  const id = own(frame.header, 'id');
  if (typeof id === 'number' && Number.isSafeInteger(id) && id > 0) return id;
  throw malformed('a message needs an id, a positive whole number');
}

function requestOf(frame: FrameReader, id: number): Request {
  const { header } = frame;
  const kind = own(header, 'kind');
  switch (kind) {
    case 'call': {
      const { app, method } = callHead.read(header, frame, 'call');
      const args = callShape(method).args.read(own(header, 'args'), frame, 'args');
      return { kind, id, app, method, args } as CallRequest;
    }
    case 'watch':
      return { kind, id, ...watchFields.read(header, frame, 'watch') };
    case 'ask': {
      const question = questionWord.read(own(header, 'question'), frame, 'question');
      const args = questionShape(question).args.read(own(header, 'args'), frame, 'args');
      return { kind, id, question, args } as AskRequest;
    }
    case 'pull':
      return { kind, id, ...pullFields.read(header, frame, 'pull') };
    case 'open':
      return { kind, id, ...openFields.read(header, frame, 'open') };
    case 'message':
      return { kind, id, ...messageFields.read(header, frame, 'message') };
    case 'close':
      return { kind, id, ...closeFields.read(header, frame, 'close') };
    case 'stop':
    case 'ping':
      return { kind, id };
    default:
      throw malformed('a request is of no kind that this side knows');
  }
}
