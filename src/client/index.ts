/**
 * The client: `holdfast/client`. Node, Bun, Deno and browsers; no server, no engine.
 */
export { errorTable, HoldfastError, isHoldfastError } from '../errors/index.ts';
export type { ErrorCode, ErrorDetails, Outcome } from '../errors/index.ts';
export type { Channel, ChannelMessage } from '../protocol/index.ts';
export { App } from '../store/app.ts';
export { Store } from '../store/store.ts';
export { open } from './open.ts';
export type { RemoteStore } from './open.ts';
export { openRequest, ServedRequest } from './open-request.ts';
export type { ServedRequestOptions } from './open-request.ts';
export { clientTerms } from './options.ts';
export type { ClientOptions, ClientTerms, ConnectionState } from './options.ts';
export { RemoteSource } from './remote-source.ts';
export type { CallTerms } from './calls/retrying-carrier.ts';
export { mintWorkerToken } from './worker-token.ts';
export type { WorkerGrant, WorkerTokenOptions } from './worker-token.ts';
export { socketOpener } from './socket.ts';
export type { OpenSocket, Socket, SocketEvents } from './socket.ts';
