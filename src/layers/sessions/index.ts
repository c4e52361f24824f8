/** Sessions: versioned snapshots and deltas between a host, which keeps them, and its workers. */
export { deleteSession } from './delete-session.ts';
export type { DeleteSessionOptions } from './delete-session.ts';
export { SessionHost } from './host/session-host.ts';
export type { CloseHostOptions, SessionHostOptions, WorkerInfo } from './host/session-host.ts';
export type {
  TurnConflict,
  TurnDone,
  TurnEvent,
  TurnOutcome,
  TurnRequest,
} from './host/turn-request.ts';
export { bytesPayload, wholeBytes } from './payload/bytes-payload.ts';
export type { BytesDraft, BytesState, BytesView } from './payload/bytes-payload.ts';
export { entriesPayload } from './payload/entries-payload.ts';
export type { BytesCodec, Finished, Payload } from './payload/payload.ts';
export { Session, sessionNames } from './session.ts';
export type { FollowOptions, SessionStep } from './session.ts';
export type { EntriesState } from './state/entries-state.ts';
export { changedHash, digest, emptyHash } from './state/set-hash.ts';
export type { StateHash } from './state/set-hash.ts';
export { SessionList } from './state/session-list.ts';
export { SessionState } from './state/session-state.ts';
export type { Base, RecordInfo, SessionHead } from './stored-session.ts';
export { linkPair } from './wire/link.ts';
export type { Link, LinkListener } from './wire/link.ts';
export { agentOf, structuredAgent } from './worker/agent.ts';
export type { Agent, AnyAgent, Turn } from './worker/agent.ts';
export { SessionWorker } from './worker/session-worker.ts';
export type { SessionWorkerOptions } from './worker/session-worker.ts';
export type { StateCacheOptions } from './worker/state-cache.ts';
export { liveKitLink } from './livekit/livekit-link.ts';
export type { LiveKitLinkOptions } from './livekit/livekit-link.ts';
export {
  agentSessionState,
  textMessageErrorCodes,
  textMessageRequest,
  textMessageResponse,
} from './livekit/text-messages.ts';
export type {
  AgentSessionState,
  TextMessageRequest,
  TextMessageResponse,
} from './livekit/text-messages.ts';
