/**
 * `holdfast/sessions`: conversations whose state follows them from worker to worker.
 *
 * The layer itself, links over WebSockets, and sessions that are SQLite databases.
 */
export * from '../layers/sessions/index.ts';
export { sqliteCodec, sqlitePayload } from './sqlite/sqlite-payload.ts';
export { connectWorker, WorkerConnection } from './socket/connect-worker.ts';
export type { ConnectWorkerOptions } from './socket/connect-worker.ts';
export { serveWorkers } from './socket/serve-workers.ts';
export type { ServeWorkersOptions, WorkerDoor } from './socket/serve-workers.ts';
export { sessionHttp } from './http/session-http.ts';
export type { SessionHttpParts } from './http/session-http.ts';
export { serveApp, SessionClient } from './served/session-client.ts';
export type { ChannelSource, HireOptions } from './served/session-client.ts';
export { SessionHosts } from './served/session-hosts.ts';
export type { HostedStore, SessionHostsOptions } from './served/session-hosts.ts';
export { extensionName, sessionsExtension } from './served/sessions-extension.ts';
export type { SessionChannel, SessionsExtension } from './served/sessions-extension.ts';
