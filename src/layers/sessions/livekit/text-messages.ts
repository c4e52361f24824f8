/**
 * LiveKit's text messages for agents, byte for byte: `livekit_agent_text.proto`, proto3.
 *
 * uint64 is a bigint. Of a `oneof` at most one member is there. The events are kept as the bytes of
 * their own messages, so that nothing of theirs is lost on the way; `chatMessage` and its likes
 * read the plain fields of them.
 */
import {
  count,
  embedded,
  flag,
  long,
  optionalBytes,
  optionalText,
  repeated,
  shape,
  text,
} from '../wire/shape.ts';
import type { Fielded } from '../wire/shape.ts';

const agentSessionStateFields = {
  version: long(1),
  snapshot: optionalBytes(2),
  delta: optionalBytes(3),
};
export const agentSessionState = shape(agentSessionStateFields, [['snapshot', 'delta']]);

const requestFields = {
  text: text(1),
  messageId: text(2),
  sessionId: text(3),
  agentName: text(4),
  metadata: text(5),
  sessionState: embedded(6, agentSessionState),
};
export const textMessageRequest = shape(requestFields);

/** `code` is one of `textMessageErrorCodes`. */
const errorShape = shape({ message: text(1), code: count(2) });
const completeFields = {
  sessionState: embedded(1, agentSessionState),
  error: embedded(2, errorShape),
};
const completeShape = shape(completeFields, [['sessionState', 'error']]);

const responseFields = {
  messageId: text(1),
  sessionId: text(2),
  /** The bytes of a `ChatMessage`. */
  message: optionalBytes(3),
  functionCall: optionalBytes(4),
  functionCallOutput: optionalBytes(5),
  agentHandoff: optionalBytes(6),
  complete: embedded(7, completeShape),
};
export const textMessageResponse = shape(responseFields, [
  ['message', 'functionCall', 'functionCallOutput', 'agentHandoff', 'complete'],
]);

export const textMessageErrorCodes = {
  INTERNAL_ERROR: 0,
  SESSION_STATE_NOT_FOUND: 1,
  TEXT_HANDLER_ERROR: 2,
  PROCESS_CLOSED: 3,
} as const;

/** The plain fields of the events; times and metrics are passed over. */
export const chatMessage = shape({
  id: text(1),
  /** 0 developer, 1 system, 2 user, 3 assistant. */
  role: count(2),
  content: repeated(3, shape({ text: optionalText(1) })),
  interrupted: flag(4),
});
export const functionCall = shape({
  id: text(1),
  callId: text(2),
  arguments: text(3),
  name: text(4),
});
export const functionCallOutput = shape({
  id: text(1),
  name: text(2),
  callId: text(3),
  output: text(4),
  isError: flag(5),
});
export const agentHandoff = shape({
  id: text(1),
  oldAgentId: optionalText(2),
  newAgentId: text(3),
});

export type AgentSessionState = Fielded<typeof agentSessionStateFields>;
export type TextMessageRequest = Fielded<typeof requestFields>;
export type TextMessageResponse = Fielded<typeof responseFields>;
