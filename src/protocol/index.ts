/** The wire of a ledger: frames, messages, and both ends of a session. No I/O. */
export { decodeAnswer, encodeAnswer } from './answer.ts';
export type { Answer, EndAnswer, ErrorAnswer, ItemAnswer, ResultAnswer } from './answer.ts';
export { CallingSession } from './calling-session.ts';
export type { CallingSessionOptions } from './calling-session.ts';
export { methods } from './calls.ts';
export type { Calls, Method } from './calls.ts';
export { frameBytesMax } from './frame.ts';
export { decodeRequest, encodeRequest, protocolVersion } from './request.ts';
export type { CallRequest, PullRequest, RefusedRequest, Request } from './request.ts';
export type { StopRequest, WatchRequest } from './request.ts';
export { ServingSession, creditMax } from './serving-session.ts';
export type { ServingSessionOptions } from './serving-session.ts';
