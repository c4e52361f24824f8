/**
 * Messages to a ledger: `call`, and for watches `watch` (opens a stream), `pull` (gives credit) and
 * `stop`. Requests are pipelined; an `id` pairs each with its answer.
 *
 * Q1. A request that makes no sense, but says its id, is `refused`: it fails alone, and the others
 *     on its connection go on. Without an id, decoding throws `protocol` and the connection is of
 *     no use.
 */
import { isHoldfastError } from '../errors/index.ts';
import type { HoldfastError } from '../errors/index.ts';
import type { WatchOptions } from '../ledger/index.ts';
import { callShape, methods } from './calls.ts';
import type { Calls, Method } from './calls.ts';
import { FrameReader, FrameWriter, malformed, own } from './frame.ts';
import { watchOptions } from './ledger-shapes.ts';
import { count, name, record, word } from './shape.ts';

/** The version of the wire; grows with every change that an older peer would misread. */
export const protocolVersion = 1;

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

/** Lets the stream send `count` more items. */
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

export type Request = CallRequest | WatchRequest | PullRequest | StopRequest;

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
    case 'pull':
      return pullFields.write(request, frame, 'pull') as object;
    case 'stop':
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
    case 'pull':
      return { kind, id, ...pullFields.read(header, frame, 'pull') };
    case 'stop':
      return { kind, id };
    default:
      throw malformed('a request is a call, watch, pull or stop');
  }
}
