/**
 * What a host and a worker say to each other, as protobuf (`docs/sessions.md` has the fields).
 *
 * A worker introduces itself with `hello`, then answers turns: any number of `event`s and one
 * `complete` or `failed` for each. `request` names one attempt of one turn on one link. Each frame
 * holds exactly one of the messages.
 */
import {
  count,
  embedded,
  optionalBytes,
  optionalHex,
  optionalText,
  repeated,
  shape,
  text,
} from './shape.ts';
import type { Fielded } from './shape.ts';

const heldShape = shape({ version: count(1), hash: optionalHex(2) });

const helloFields = {
  worker: text(1),
  agents: repeated(2, shape({ name: text(1), payload: text(2) })),
  /** Turns that it takes at once. */
  capacity: count(3),
  /** What its cache holds, so that a new link goes on where an old one ended. */
  holdings: repeated(4, shape({ session: text(1), state: embedded(2, heldShape) })),
};

const turnFields = {
  request: count(1),
  session: text(2),
  turn: text(3),
  agent: text(4),
  /** JSON text. */
  input: text(5),
  metadata: text(6),
  /** The state to work on. Without delta or snapshot the worker is believed to have it. */
  base: embedded(7, heldShape),
  delta: optionalBytes(8),
  snapshot: optionalBytes(9),
  /** The version that `delta` starts from. */
  deltaFrom: count(10),
  /** From 1; grows when a worker was lost or a commit was overtaken. */
  attempt: count(11),
  /** The version that the turn makes. */
  next: count(12),
};

/** `data` is JSON text. */
const eventFields = { request: count(1), kind: text(2), data: text(3) };

const completeFields = {
  request: count(1),
  /** The version that the turn worked on, which `delta` starts from. */
  base: count(2),
  /** Version and hash of the state after the turn. */
  state: embedded(3, heldShape),
  delta: optionalBytes(4),
  snapshot: optionalBytes(5),
  /** JSON text; left out if the handler returned nothing. */
  output: optionalText(6),
};

const failedFields = {
  request: count(1),
  /** `state_not_found`, `handler_error`, `process_closed`, `busy` or `internal`. */
  code: text(2),
  message: text(3),
  /** With `state_not_found`: the version that the worker has instead; 0 is none. */
  version: count(4),
};

const empty = shape({});

/** Frames of a worker. */
export const workerFrame = shape({
  hello: embedded(1, shape(helloFields)),
  event: embedded(2, shape(eventFields)),
  complete: embedded(3, shape(completeFields)),
  failed: embedded(4, shape(failedFields)),
  /** It takes no new turns, and leaves when those that it has are done. */
  draining: embedded(5, empty),
});

/** Frames of a host. */
export const hostFrame = shape({
  turn: embedded(1, shape(turnFields)),
  /** Nobody waits for the request any more. */
  cancel: embedded(2, shape({ request: count(1) })),
  /** Asks the worker to drain. */
  drain: embedded(3, empty),
});

export type HelloMessage = Fielded<typeof helloFields>;
export type TurnMessage = Fielded<typeof turnFields>;
export type EventMessage = Fielded<typeof eventFields>;
export type CompleteMessage = Fielded<typeof completeFields>;
export type FailedMessage = Fielded<typeof failedFields>;

export type FailureCode =
  | 'state_not_found'
  | 'handler_error'
  | 'process_closed'
  | 'busy'
  | 'internal';
