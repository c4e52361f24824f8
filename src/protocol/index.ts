/** The wire of a ledger: frames, messages, and both ends of a session. No I/O. */
export { decodeAnswer, encodeAnswer } from './messages/answer.ts';
export type { Answer, ErrorAnswer, ItemAnswer, ResultAnswer } from './messages/answer.ts';
export { methods } from './messages/calls.ts';
export type { Calls, Method } from './messages/calls.ts';
export {
  agreedVersion,
  decodeHello,
  decodeWelcome,
  encodeHello,
  encodeWelcome,
  protocolVersions,
  subprotocol,
} from './messages/hello.ts';
export type { Hello, Welcome } from './messages/hello.ts';
export { questions } from './messages/questions.ts';
export type { Directory, Question, Questions } from './messages/questions.ts';
export { decodeRequest, encodeRequest } from './messages/request.ts';
export type { RefusedRequest, Request } from './messages/request.ts';
export {
  CallingSession,
  idSource,
  writtenCall,
  writtenQuestion,
} from './session/calling-session.ts';
export type { CallingSessionOptions, WrittenCall } from './session/calling-session.ts';
export { ChannelEnd, channelWindow } from './session/channel.ts';
export type { Channel } from './session/channel.ts';
export { RemoteLedger } from './session/remote-ledger.ts';
export type { Carrier } from './session/remote-ledger.ts';
export { ServingSession } from './session/serving-session.ts';
export type { ServingSessionOptions } from './session/serving-session.ts';
export { creditMax } from './session/served-stream.ts';
export type { ChannelMessage } from './wire/channel-message.ts';
export { asHoldfastError } from './wire/error-shape.ts';
export { frameBytesMax } from './wire/frame.ts';
export { Packer, packageBytes, packFrames, requireRoom, unpackFrames } from './wire/package.ts';
